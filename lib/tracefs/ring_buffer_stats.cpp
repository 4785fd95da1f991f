#include "text.hpp"

#include <fathom/tracefs/ring_buffer_stats.hpp>

namespace fathom {

namespace {

//    1269.053241, but 1269053241 where the clock does not count nanoseconds
std::optional<Timestamp> parse_stamp(std::string_view text) {
  const auto dot = text.find('.');
  if (dot == std::string_view::npos)
    return std::nullopt;
  const auto seconds = tracefs::parse_number<std::uint64_t>(text.substr(0, dot));
  const auto micros = tracefs::parse_number<std::uint64_t>(text.substr(dot + 1));
  if (!seconds || !micros)
    return std::nullopt;
  return Timestamp{*seconds * 1'000'000'000 + *micros * 1'000};
}

}  // namespace

// entries: 129
// oldest event ts:  1269.053241
RingBufferStats parse_ring_buffer_stats(std::string_view text) {
  RingBufferStats stats;
  for (const std::string_view line : tracefs::lines_of(text)) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos)
      continue;
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = tracefs::trimmed(line.substr(colon + 1));
    const std::uint64_t number = tracefs::parse_number<std::uint64_t>(value).value_or(0);
    if (name == "entries")
      stats.entries = number;
    else if (name == "overrun")
      stats.overrun = number;
    else if (name == "commit overrun")
      stats.commit_overrun = number;
    else if (name == "bytes")
      stats.bytes = number;
    else if (name == "oldest event ts")
      stats.oldest_event = parse_stamp(value);
    else if (name == "now ts")
      stats.now = parse_stamp(value);
    else if (name == "dropped events")
      stats.dropped_events = number;
    else if (name == "read events")
      stats.read_events = number;
  }
  return stats;
}

}  // namespace fathom
