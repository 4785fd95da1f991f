#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace fathom {

/// A length of time. The kernel counts in nanoseconds; so do we. Never a floating-point number.
using Duration = std::chrono::nanoseconds;

/// A point on the clock that the trace was taken with, in nanoseconds since that clock's own epoch.
///
/// Which clock that is, the source says (`trace_clock`), not the value: do not compare stamps of different traces. Text
/// keeps microseconds, so a stamp parsed from text is a multiple of 1,000. Clocks that do not count time (`counter`,
/// `x86-tsc`) give ticks here.
struct Timestamp {
  std::uint64_t nanoseconds = 0;  ///< since the epoch of the trace's clock

  friend constexpr auto operator<=>(Timestamp, Timestamp) = default;
  /// From `earlier` to `later`; negative if they are the other way round.
  friend constexpr Duration operator-(Timestamp later, Timestamp earlier) {
    return Duration{static_cast<std::int64_t>(later.nanoseconds - earlier.nanoseconds)};
  }
  /// So much later, or earlier if `d` is negative.
  friend constexpr Timestamp operator+(Timestamp t, Duration d) {
    return Timestamp{t.nanoseconds + static_cast<std::uint64_t>(d.count())};
  }
};

}  // namespace fathom
