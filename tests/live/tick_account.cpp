#include "tick_account.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace fathom::live {

std::size_t TickAccount::size() const {
  std::size_t sum = 0;
  for (const auto& [cpu, times] : times_)
    sum += times.size();
  return sum;
}

void TickAccount::check(const std::vector<PerfTimer::Grid>& grids, Duration period, const TimerTicks& ticks) const {
  const auto length = static_cast<std::uint64_t>(period.count());
  std::size_t slots_with_a_tick = 0;
  for (const PerfTimer::Grid& grid : grids) {
    const auto found = times_.find(grid.cpu);
    if (found == times_.end())
      continue;
    const std::vector<std::uint64_t>& times = found->second;
    // The start is known to some microseconds; the tick that came soonest tells the rest.
    std::uint64_t soonest = length;
    for (const std::uint64_t time : times) {
      ASSERT_GE(time, grid.start.nanoseconds + length);
      soonest = std::min(soonest, (time - grid.start.nanoseconds) % length);
    }
    EXPECT_LT(soonest, length / 4) << "CPU " << grid.cpu;
    std::set<std::uint64_t> slots;
    for (const std::uint64_t time : times)
      slots.insert((time - grid.start.nanoseconds - soonest) / length);
    EXPECT_EQ(slots.size(), times.size()) << "CPU " << grid.cpu << ": a slot with two";
    slots_with_a_tick += slots.size();
  }
  EXPECT_EQ(slots_with_a_tick, size());
  EXPECT_EQ(ticks.delivered, size());
  EXPECT_EQ(ticks.delivered + ticks.skipped, ticks.expected);
}

}  // namespace fathom::live
