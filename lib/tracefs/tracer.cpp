#include <fathom/base/error.hpp>
#include <fathom/tracefs/tracer.hpp>

#include <string>

namespace fathom {

Tracer::Tracer(std::string_view name) : size_(name.size()) {
  if (name.empty() || name.size() > kMaxSize || name.find_first_of(" \t\r\n") != std::string_view::npos)
    throw Error(std::errc::invalid_argument, "take '" + std::string(name.substr(0, kMaxSize)) + "' as a tracer's name");
  name.copy(name_.data(), name.size());
}

}  // namespace fathom
