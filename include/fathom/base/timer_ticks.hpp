#pragma once

#include <cstdint>

namespace fathom {

/// What came of a timer's ticks since it was started. What PerfTimer and BpfTimer both answer.
///
///     const auto [expected, delivered, skipped] = timer.ticks();
///
/// Slot n of a timer is the time from start + n * period to start + (n + 1) * period, and belongs to at most one tick.
/// Of a timer that runs, delivered + skipped is expected, give or take one: a slot that has just begun is in neither,
/// and so is what a late tick has yet to account for. After it was stopped they are equal. A plain value.
struct TimerTicks {
  std::uint64_t expected = 0;   ///< slots 1, 2, ... that have begun: the time since the start in whole periods
  std::uint64_t delivered = 0;  ///< slots in which the program ran
  std::uint64_t skipped = 0;    ///< slots that went by without it

  friend bool operator==(const TimerTicks&, const TimerTicks&) = default;
};

}  // namespace fathom
