#pragma once

#include "ticker_lateness.hpp"

#include <fathom/base/time.hpp>
#include <fathom/base/timer_ticks.hpp>
#include <fathom/perf/perf_timer.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

namespace ticker_example {

/// What is kept of each tick, whoever tells of it.
struct Tick {
  std::uint64_t time;  ///< CLOCK_MONOTONIC, ns
  unsigned cpu;
};

/// What came on one CPU.
struct CpuTicks {
  std::uint64_t ticks = 0;
  std::uint64_t doubled = 0;                 ///< ticks in a slot that had one
  Lateness late{};                           ///< after the slot's begin; none where there is no grid
  std::deque<fathom::Timestamp> grids{};     ///< when they began: more than one after a throttle; the last hundred
  std::optional<std::uint64_t> last_slot{};  ///< of the last grid
  std::uint64_t last_late = 0;               ///< in that slot
};

/// Counts of how late: below 1 us, 2 us, 4 us, ... and the rest.
inline constexpr std::size_t kBuckets = 21;
using Histogram = std::array<std::uint64_t, kBuckets>;

/// Its own account of a timer's ticks.
class Account {
 public:
  explicit Account(fathom::Duration period) : period_(static_cast<std::uint64_t>(period.count())) {}

  /// The grids that the timer has now; those before are kept for ticks of before.
  void see(const std::vector<fathom::PerfTimer::Grid>& grids);
  void add(const Tick& tick);

  [[nodiscard]] const std::map<unsigned, CpuTicks>& cpus() const { return cpus_; }
  [[nodiscard]] std::uint64_t ticks() const;
  [[nodiscard]] std::uint64_t doubled() const;
  [[nodiscard]] const Histogram& histogram() const { return histogram_; }

 private:
  std::uint64_t period_;
  std::map<unsigned, CpuTicks> cpus_;
  Histogram histogram_{};
};

}  // namespace ticker_example
