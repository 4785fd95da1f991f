#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fathom {

/// Why a parser skipped a record.
enum class SkipReason : std::uint8_t {
  unknown_line,   ///< no format that we know matches
  line_too_long,  ///< longer than any line the kernel prints (the parser's documented limit)
  not_text,       ///< holds bytes that no kernel prints: this is not a text trace
  cut_line,       ///< the input ended inside it
  bad_address,    ///< its address is not one as the kernel prints them
  bad_type,       ///< its symbol type is no letter
  name_too_long,  ///< its name is longer than any that the kernel keeps
  table_full,     ///< understood, but beyond what our tables can number (the parser's documented limit)
  foreign,        ///< came from another sender than the kernel, and is not looked at
  bad_format,     ///< an event's `format` text without a name, a number or fields that can be read
  bad_page,       ///< a ring-buffer page whose head says what cannot be, and all that is on it
  cut_page,       ///< the input ended inside the page
  bad_event,      ///< a ring-buffer event whose length cannot be, and what follows it on its page
  short_event,    ///< an event that ends before the fields that its format gives it
  cut_file,       ///< a part of a trace.dat of which the file lacks the end
  bad_section,    ///< a part of a trace.dat that is not what its place says, or lies where another one does
  no_codec,       ///< a part of a trace.dat that is compressed in a way for which there is no codec
};
/// All of them, in the order of the enumerators.
inline constexpr std::array kSkipReasons = {SkipReason::unknown_line,  SkipReason::line_too_long, SkipReason::not_text,
                                            SkipReason::cut_line,      SkipReason::bad_address,   SkipReason::bad_type,
                                            SkipReason::name_too_long, SkipReason::table_full,    SkipReason::foreign,
                                            SkipReason::bad_format,    SkipReason::bad_page,      SkipReason::cut_page,
                                            SkipReason::bad_event,     SkipReason::short_event,   SkipReason::cut_file,
                                            SkipReason::bad_section,   SkipReason::no_codec};

/// The reason's identifier, as it stands in JSON: `unknown_line`.
[[nodiscard]] std::string_view to_string(SkipReason reason) noexcept;

/// What a parser did with its input: every byte and every record is either parsed or skipped for a named reason.
///
///     parser.feed(bytes, sink); parser.finish(sink);
///     const ParseStats& s = parser.stats();
///     assert(s.bytes == s.parsed_bytes + s.skipped_bytes);
///     for (auto reason : kSkipReasons) std::cout << to_string(reason) << ' ' << s.skipped(reason) << '\n';
///
/// A record is what the source is made of: a line of text, a page or an event of a ring buffer. A plain value: copy it,
/// add those of several parsers up with `+=`.
struct ParseStats {
  /// The first record that was skipped.
  struct BadRecord {
    std::uint64_t number = 0;  ///< 1 for the first record of the input
    std::uint64_t offset = 0;  ///< in bytes from the start of the input
    SkipReason reason{};       ///< why it was skipped
    std::string text;          ///< its first bytes, at most 200
  };
  /// So many bytes of the first bad record are kept.
  static constexpr std::size_t kBadTextBytes = 200;

  std::uint64_t bytes = 0;           ///< taken in so far
  std::uint64_t parsed_bytes = 0;    ///< of these, understood
  std::uint64_t skipped_bytes = 0;   ///< of these, skipped
  std::uint64_t records = 0;         ///< taken in so far
  std::uint64_t parsed_records = 0;  ///< of these, understood
  std::uint64_t losses = 0;          ///< places where the kernel said that it lost events
  std::uint64_t lost_events = 0;     ///< how many it said; losses of unknown size add nothing
  std::array<std::uint64_t, kSkipReasons.size()> skipped_records_by_reason{};  ///< indexed by SkipReason
  std::optional<BadRecord> first_bad;  ///< absent as long as nothing was skipped

  /// Records that were skipped for this reason.
  [[nodiscard]] std::uint64_t skipped(SkipReason reason) const noexcept {
    return skipped_records_by_reason[static_cast<std::size_t>(reason)];
  }
  /// Records that were skipped, whatever the reason.
  [[nodiscard]] std::uint64_t skipped_records() const noexcept {
    std::uint64_t sum = 0;
    for (const std::uint64_t n : skipped_records_by_reason)
      sum += n;
    return sum;
  }
  /// Counts a record of so many bytes that was understood, as parsers do. `bytes` is counted where they come in.
  void count_parsed(std::uint64_t record_bytes) noexcept {
    ++records;
    ++parsed_records;
    parsed_bytes += record_bytes;
  }
  /// Counts one that was skipped, and keeps its start if it is the first. It begins where the records before it end.
  void count_skipped(SkipReason reason, std::string_view text, std::uint64_t record_bytes);
  /// Adds what another parser did; keeps the earlier `first_bad` of the two, this one's before the other's.
  ParseStats& operator+=(const ParseStats& other);
};

}  // namespace fathom
