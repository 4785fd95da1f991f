#include "read_counts.hpp"

#include <linux/perf_event.h>
#include <unistd.h>

#include <array>

namespace fathom::perf {

namespace {

// A group of so many, with their losses, fits: more than a PMU has counters for.
constexpr std::size_t kMostWords = 3 + 2 * 64;

}  // namespace

std::optional<EventCounts> read_counts(int fd, std::uint64_t read_format) {
  const bool group = (read_format & PERF_FORMAT_GROUP) != 0;
  const bool tells_lost = (read_format & PERF_FORMAT_LOST) != 0;
  std::array<std::uint64_t, kMostWords> words{};
  const ssize_t got = ::read(fd, words.data(), sizeof words);
  const std::size_t least = (group ? 4U : 3U) + (tells_lost ? 1U : 0U);
  if (got < static_cast<ssize_t>(least * sizeof words[0]))
    return std::nullopt;
  if (group)  // how many, both times, and for each the value and what it lost
    return EventCounts{
        .value = words[3], .time_enabled = words[1], .time_running = words[2], .lost = tells_lost ? words[4] : 0};
  return EventCounts{
      .value = words[0], .time_enabled = words[1], .time_running = words[2], .lost = tells_lost ? words[3] : 0};
}

}  // namespace fathom::perf
