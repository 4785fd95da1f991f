#include "ticker_account.hpp"

#include <algorithm>
#include <bit>

namespace ticker_example {

namespace {

// Ticks that come late are those of the last ones.
constexpr std::size_t kMostGrids = 100;
// The begin of a grid is known to so many nanoseconds: it may be sooner. A tick that is late by all of its period but
// that seems to be in the next slot, at its very begin.
constexpr std::uint64_t kUncertain = 100'000;

}  // namespace

void Account::see(const std::vector<fathom::PerfTimer::Grid>& grids) {
  for (const auto& [cpu, start] : grids) {
    auto& known = cpus_[cpu].grids;
    if (known.empty() || known.back() < start)
      known.push_back(start);
    if (known.size() > kMostGrids)
      known.pop_front();
  }
}

void Account::add(const Tick& tick) {
  CpuTicks& cpu = cpus_[tick.cpu];
  cpu.ticks += 1;
  const auto later = std::ranges::upper_bound(cpu.grids, fathom::Timestamp{tick.time});
  if (later == cpu.grids.begin())
    return;  // a thread's clock
  const std::uint64_t start = std::prev(later)->nanoseconds;
  const std::uint64_t slot = (tick.time - start) / period_;
  const std::uint64_t late = (tick.time - start) % period_;
  if (slot == 0)
    cpu.last_slot.reset();  // the grid before had it
  else if (cpu.last_slot == slot && cpu.last_late >= std::min(kUncertain, period_ / 10))
    cpu.doubled += 1;
  cpu.last_slot = slot;
  cpu.last_late = late;
  cpu.late.add(late);
  histogram_[std::min<std::size_t>(std::bit_width(late / 1000), kBuckets - 1)] += 1;
}

std::uint64_t Account::ticks() const {
  std::uint64_t sum = 0;
  for (const auto& [number, cpu] : cpus_)
    sum += cpu.ticks;
  return sum;
}

std::uint64_t Account::doubled() const {
  std::uint64_t sum = 0;
  for (const auto& [number, cpu] : cpus_)
    sum += cpu.doubled;
  return sum;
}

}  // namespace ticker_example
