#pragma once

#include <optional>

namespace opensnoop_example {

struct Options {
  int pid = 0;  ///< 0: all processes
  bool json = false;
  bool check = false;
};

/// Empty if the command line only asked for help or the version, which is then printed. Throws examples::UsageError.
std::optional<Options> parse_options(int argc, const char* const* argv);

}  // namespace opensnoop_example
