#pragma once

#include <fathom/base/time.hpp>
#include <fathom/base/timer_ticks.hpp>
#include <fathom/perf/perf_timer.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace fathom::live {

/// The times of a timer's ticks, by CPU, held against its grids.
class TickAccount {
 public:
  void add(unsigned cpu, std::uint64_t time) { times_[cpu].push_back(time); }
  [[nodiscard]] std::size_t size() const;
  /// Each tick is in a slot of its CPU's grid, no slot has two, and they are as many as the timer says; a slot without
  /// one is a skipped one. After the timer was stopped. `started` is when it surely ticked: no grid begins later.
  void check(const std::vector<PerfTimer::Grid>& grids, Timestamp started, Duration period,
             const TimerTicks& ticks) const;

 private:
  std::map<unsigned, std::vector<std::uint64_t>> times_;
};

}  // namespace fathom::live
