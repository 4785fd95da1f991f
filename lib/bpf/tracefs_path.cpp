#include "tracefs_path.hpp"

#include <unistd.h>

#include <string>

namespace fathom::bpf {

bool has_events(const std::string& tracefs) {
  return ::access((tracefs + "/events").c_str(), R_OK) == 0;
}

std::string tracefs_or_default(const std::string& given) {
  const std::string usual = "/sys/kernel/tracing";
  const std::string older = "/sys/kernel/debug/tracing";
  if (!given.empty())
    return given;
  return !has_events(usual) && has_events(older) ? older : usual;
}

}  // namespace fathom::bpf
