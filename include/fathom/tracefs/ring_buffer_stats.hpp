#pragma once

#include <fathom/base/time.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace fathom {

/// What the file `per_cpu/cpuN/stats` counts about one CPU's ring buffer since it was last cleared.
///
///     const RingBufferStats stats = session.array().stats(0);
///     if (stats.lost() != 0) std::cerr << "use a bigger buffer\n";
struct RingBufferStats {
  std::uint64_t entries = 0;         ///< in the buffer now
  std::uint64_t overrun = 0;         ///< lost: overwritten by newer ones before they were read
  std::uint64_t commit_overrun = 0;  ///< lost: nested writers filled the buffer within one event
  std::uint64_t bytes = 0;           ///< in the buffer now
  /// On the trace clock; absent where that does not count nanoseconds (`counter`, `x86-tsc`).
  std::optional<Timestamp> oldest_event;
  std::optional<Timestamp> now;      ///< likewise
  std::uint64_t dropped_events = 0;  ///< lost: newer ones, as the option `overwrite` is off
  std::uint64_t read_events = 0;     ///< taken out by a reader

  /// All that was lost, for whatever reason.
  [[nodiscard]] std::uint64_t lost() const noexcept { return overrun + commit_overrun + dropped_events; }

  friend bool operator==(const RingBufferStats&, const RingBufferStats&) = default;
};

/// The text of the file `stats`. Lines that are unknown or unreadable are left out.
[[nodiscard]] RingBufferStats parse_ring_buffer_stats(std::string_view text);

}  // namespace fathom
