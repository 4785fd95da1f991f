#pragma once

#include <fathom/base/time.hpp>

#include <cstdint>
#include <optional>

namespace fathom {

/// What an event came to.
///
///     const PerfCount cycles = counter.read();
///     if (const auto estimate = cycles.scaled()) std::cout << *estimate;
///
/// A PMU has few counters: with more events than these, each counts a part of the time only. Software events,
/// tracepoints and breakpoints count all the time. A sum of several CPUs or threads has their times added up, too.
struct PerfCount {
  std::uint64_t value = 0;  ///< how many, as counted; of clocks, nanoseconds
  Duration enabled{};       ///< how long it was to be counted: for threads, the time that they ran
  Duration running{};       ///< how long of this it was

  /// What it would have come to if it had been counted all the time; absent if it never was.
  [[nodiscard]] std::optional<std::uint64_t> scaled() const noexcept;
  /// Adds another place's.
  PerfCount& operator+=(const PerfCount& other) noexcept;
  /// Equal in all fields.
  friend bool operator==(const PerfCount&, const PerfCount&) = default;
};

}  // namespace fathom
