#pragma once

#include <optional>
#include <string>

namespace taskstate_example {

struct Options {
  std::string format = "/sys/kernel/tracing/events/sched/sched_switch/format";
  std::string btf = "/sys/kernel/btf/vmlinux";
  std::string release;  ///< empty: the running kernel's
  bool json = false;
  bool check = false;
};

/// Empty if the command line only asked for help or the version, which is then printed. Throws examples::UsageError.
std::optional<Options> parse_options(int argc, const char* const* argv);

}  // namespace taskstate_example
