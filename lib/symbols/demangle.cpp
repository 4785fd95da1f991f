#include "dwarf_code.hpp"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>

namespace fathom::detail {

std::string demangled(const std::string& name) {
  // What a forged name unfolds to can be far longer than itself; names of real code are mostly below 1000 bytes.
  constexpr std::size_t kLongest = 8192;
  if (!name.starts_with("_Z") || name.size() > kLongest)
    return name;
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status),
                                                         &std::free);
  return text == nullptr ? name : std::string(text.get());
}

}  // namespace fathom::detail
