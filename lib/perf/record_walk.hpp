#pragma once

#include <fathom/base/parse_stats.hpp>

#include <linux/perf_event.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace fathom::perf {

/// Gives `on_record` each record, header included, of those that lie one behind the other in `words`; it says whether
/// it understood. Counts each in `stats`. What a record says of its size is not trusted: behind one that cannot have it
/// nothing more is found, and the rest is one skipped record.
template <class OnRecord>
void walk_records(std::span<const std::uint64_t> words, ParseStats& stats, OnRecord on_record) {
  std::uint64_t parsed = 0;  // since these were put into `stats`
  std::uint64_t parsed_bytes = 0;
  const auto put = [&] {
    stats.records += parsed;
    stats.parsed_records += parsed;
    stats.parsed_bytes += parsed_bytes;
    parsed = parsed_bytes = 0;
  };
  const auto skip = [&](std::span<const std::uint64_t> record, SkipReason reason) {
    put();
    const std::string_view bytes(reinterpret_cast<const char*>(record.data()), record.size_bytes());
    stats.count_skipped(reason, bytes, bytes.size());
  };
  stats.bytes += words.size_bytes();
  while (!words.empty()) {
    perf_event_header header{};
    static_assert(sizeof header == sizeof(std::uint64_t));
    std::memcpy(&header, words.data(), sizeof header);
    const std::size_t size = header.size / sizeof(std::uint64_t);
    if (header.size % sizeof(std::uint64_t) != 0 || size == 0 || size > words.size()) {
      skip(words, SkipReason::cut_line);
      break;
    }
    const auto record = words.first(size);
    if (on_record(record)) {
      ++parsed;
      parsed_bytes += record.size_bytes();
    } else {
      skip(record, SkipReason::unknown_line);
    }
    words = words.subspan(size);
  }
  put();
}

}  // namespace fathom::perf
