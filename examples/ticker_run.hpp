#pragma once

#include "ticker_account.hpp"
#include "ticker_options.hpp"

#include <fathom/base/timer_ticks.hpp>
#include <fathom/process/stop_signals.hpp>

#include <chrono>
#include <cstdint>

namespace ticker_example {

/// How a timer's run ended.
struct Result {
  Account account;
  fathom::TimerTicks ticks;
  fathom::Duration period;
  std::chrono::nanoseconds took;
  std::uint64_t lost = 0;       ///< ticks that came, and of which the account knows nothing
  std::uint64_t throttled = 0;  ///< how often the kernel held a CPU's ticks back
};

/// Ticks until the time is over, a signal comes, or the process has ended.
Result run_timer(const Options& options, fathom::StopSignals& stop);

}  // namespace ticker_example
