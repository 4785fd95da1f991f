#pragma once

#include <linux/perf_event.h>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace fathom::perf {

/// The read_format of both times.
inline constexpr std::uint64_t kBothTimes = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;

/// What read(2) gives of an event, by its read_format.
struct EventCounts {
  std::uint64_t value = 0;  ///< of a group, its leader's
  std::uint64_t time_enabled = 0;
  std::uint64_t time_running = 0;
  std::uint64_t lost = 0;  ///< 0 where the format has none
};

/// Reads them; empty if nothing, or less than asked for, came. `read_format` has both times. errno is read(2)'s.
[[nodiscard]] std::optional<EventCounts> read_counts(int fd, std::uint64_t read_format);

}  // namespace fathom::perf
