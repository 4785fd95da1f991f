#pragma once

#include <chrono>
#include <optional>

namespace cpuidle_example {

struct Options {
  std::optional<std::chrono::nanoseconds> duration;  ///< absent: until Ctrl-C
  std::chrono::nanoseconds interval = std::chrono::seconds(1);
  std::optional<int> load;  ///< percent, on each CPU
  unsigned tasks = 3;       ///< shown for each CPU
  bool json = false;
  bool check = false;
};

/// Empty if the command line only asked for help or the version, which is then printed. Throws examples::UsageError.
std::optional<Options> parse_options(int argc, const char* const* argv);

}  // namespace cpuidle_example
