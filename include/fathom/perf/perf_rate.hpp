#pragma once

#include <fathom/base/time.hpp>

#include <cstdint>
#include <variant>

namespace fathom {

/// So many times a second.
///
///     PerfTimer timer{program, {.rate = Hz{99}}};
///
/// The kernel refuses more than `kernel.perf_event_max_sample_rate` a second (100,000 unless somebody set it, and the
/// kernel lowers it by itself where samples take too long).
struct Hz {
  std::uint64_t value;  ///< times a second

  /// Explicit, so that a bare number is never taken for a rate.
  explicit constexpr Hz(std::uint64_t times_a_second) noexcept : value(times_a_second) {}
  friend constexpr bool operator==(Hz, Hz) = default;
};

/// Once for so many events: each of them with EventCount{1}.
///
///     PerfSampler switches{"sched:sched_switch", {.rate = EventCount{1}}};
struct EventCount {
  std::uint64_t value;  ///< how many events

  /// Explicit, so that a bare number is never taken for a count.
  explicit constexpr EventCount(std::uint64_t events) noexcept : value(events) {}
  friend constexpr bool operator==(EventCount, EventCount) = default;
};

/// How often a timer ticks: at a frequency, or once in each period.
///
///     TimerRate rate = Hz{99};
///     TimerRate other = std::chrono::milliseconds(10);
///
/// The kernel's clock events (cpu-clock, task-clock) turn a frequency into a period once, 1 s / Hz in whole
/// nanoseconds, and count periods only. They have none below 10 us: a shorter one is accepted, and made 10 us
/// (kernel/events/core.c, perf_swevent_start_hrtimer).
using TimerRate = std::variant<Hz, Duration>;

/// How often an event is sampled: so many times a second, which the kernel seeks to keep by measuring how often the
/// event happens; once for so many events; or, for the clock events only, once in each period.
///
///     SampleRate rate = EventCount{1};
using SampleRate = std::variant<Hz, Duration, EventCount>;

}  // namespace fathom
