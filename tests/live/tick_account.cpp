#include "tick_account.hpp"

#include "this_process.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace fathom::live {

std::size_t TickAccount::size() const {
  std::size_t sum = 0;
  for (const auto& [cpu, times] : times_)
    sum += times.size();
  return sum;
}

namespace {

// No timer's soonest tick is later than that.
constexpr std::uint64_t kSoonest = 100'000;

// How many ticks are in the slot of the one before.
std::size_t doubled(const std::vector<std::uint64_t>& times, std::uint64_t begin, std::uint64_t period) {
  std::size_t count = 0;
  for (std::size_t i = 1; i < times.size(); ++i)
    count += static_cast<std::size_t>((times[i] - begin) / period == (times[i - 1] - begin) / period);
  return count;
}

// When the grid begins, which is known to some microseconds only, before it: the soonest tick of all tells the rest.
// Some that seem to be sooner are late by almost a period, so it is one of the first.
std::uint64_t begin_of(const std::vector<std::uint64_t>& times, std::uint64_t known, std::uint64_t period) {
  std::vector<std::uint64_t> late;
  late.reserve(times.size());
  for (const std::uint64_t time : times)
    late.push_back((time - known) % period);
  std::ranges::sort(late);
  late.resize(std::min<std::size_t>(late.size(), 500));
  const auto fits = [&](std::uint64_t offset) { return doubled(times, known + offset, period) == 0; };
  const auto found = std::ranges::find_if(late, fits);
  return known + (found == late.end() ? 0 : *found);
}

// Where a tick and those around it are, in periods.
std::string around(const std::vector<std::uint64_t>& times, std::size_t at, std::uint64_t begin, std::uint64_t period) {
  std::string text;
  for (std::size_t i = at < 3 ? 0 : at - 3; i < std::min(at + 3, times.size()); ++i)
    text += std::to_string(static_cast<double>(times[i] - begin) / static_cast<double>(period)) + ' ';
  return text;
}

}  // namespace

void TickAccount::check(const std::vector<PerfTimer::Grid>& grids, Timestamp started, Duration period,
                        const TimerTicks& ticks) const {
  const auto length = static_cast<std::uint64_t>(period.count());
  std::size_t slots_with_a_tick = 0;
  for (const PerfTimer::Grid& grid : grids) {
    const auto found = times_.find(grid.cpu);
    if (found == times_.end())
      continue;
    const std::vector<std::uint64_t>& times = found->second;
    const std::uint64_t begin = begin_of(times, grid.start.nanoseconds, length);
    // That is how much the soonest tick is late, and as much as the start took. Emulated, either may be milliseconds.
    EXPECT_LE(begin, started.nanoseconds + (in_vm() ? length / 2 : kSoonest)) << "CPU " << grid.cpu;
    std::set<std::uint64_t> slots;
    for (std::size_t i = 0; i < times.size(); ++i) {
      ASSERT_GE(times[i], begin + length);
      EXPECT_TRUE(slots.insert((times[i] - begin) / length).second)
          << "two in a slot of CPU " << grid.cpu << ": " << around(times, i, begin, length);
    }
    slots_with_a_tick += slots.size();
  }
  EXPECT_EQ(slots_with_a_tick, size());
  EXPECT_EQ(ticks.delivered, size());
  EXPECT_EQ(ticks.delivered + ticks.skipped, ticks.expected);
}

}  // namespace fathom::live
