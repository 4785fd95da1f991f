#pragma once

#include <fathom/perf/perf_rate.hpp>
#include <fathom/perf/perf_scope.hpp>

#include <chrono>
#include <optional>

namespace ticker_example {

struct Options {
  fathom::TimerRate rate = fathom::Hz{99};
  fathom::PerfScope on = fathom::OnlineCpus{};
  std::optional<std::chrono::nanoseconds> duration{};  ///< without it, until a signal
  bool wake = false;                                   ///< no program: this process is woken
  bool json = false;
  bool check = false;
};

/// Empty if the command line only asked for help or the version, which is then printed. Throws examples::UsageError.
std::optional<Options> parse_options(int argc, const char* const* argv);

}  // namespace ticker_example
