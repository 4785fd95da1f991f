#include "ticker_account.hpp"

#include <algorithm>
#include <bit>

namespace ticker_example {

void Account::see(const std::vector<fathom::PerfTimer::Grid>& grids) {
  for (const auto& [cpu, start] : grids) {
    auto& known = cpus_[cpu].grids;
    if (known.empty() || known.back() < start)
      known.push_back(start);
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
  if (slot == 0)
    cpu.last_slot.reset();  // the grid before had it
  else if (cpu.last_slot == slot)
    cpu.doubled += 1;
  cpu.last_slot = slot;
  cpu.late.push_back((tick.time - start) % period_);
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

Histogram Account::histogram() const {
  Histogram counts{};
  for (const auto& [number, cpu] : cpus_) {
    for (const std::uint64_t late : cpu.late)
      counts[std::min<std::size_t>(std::bit_width(late / 1000), kBuckets - 1)] += 1;
  }
  return counts;
}

std::uint64_t quantile(std::vector<std::uint64_t> values, double share) {
  if (values.empty())
    return 0;
  const auto at = std::min(static_cast<std::size_t>(share * static_cast<double>(values.size())), values.size() - 1);
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(at));
  return values[at];
}

}  // namespace ticker_example
