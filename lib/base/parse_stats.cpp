#include <fathom/base/parse_stats.hpp>

namespace fathom {

std::string_view to_string(SkipReason reason) noexcept {
  switch (reason) {
    case SkipReason::unknown_line:
      return "unknown_line";
    case SkipReason::line_too_long:
      return "line_too_long";
    case SkipReason::not_text:
      return "not_text";
    case SkipReason::cut_line:
      return "cut_line";
    case SkipReason::bad_address:
      return "bad_address";
    case SkipReason::bad_type:
      return "bad_type";
    case SkipReason::name_too_long:
      return "name_too_long";
    case SkipReason::table_full:
      return "table_full";
    case SkipReason::foreign:
      return "foreign";
    case SkipReason::bad_format:
      return "bad_format";
    case SkipReason::bad_page:
      return "bad_page";
    case SkipReason::cut_page:
      return "cut_page";
    case SkipReason::bad_event:
      return "bad_event";
    case SkipReason::short_event:
      return "short_event";
    case SkipReason::cut_file:
      return "cut_file";
    case SkipReason::bad_section:
      return "bad_section";
    case SkipReason::no_codec:
      return "no_codec";
  }
  return "";
}

void ParseStats::count_skipped(SkipReason reason, std::string_view text, std::uint64_t record_bytes) {
  ++records;
  if (!first_bad)
    first_bad = {records, parsed_bytes + skipped_bytes, reason, std::string(text.substr(0, kBadTextBytes))};
  ++skipped_records_by_reason[static_cast<std::size_t>(reason)];
  skipped_bytes += record_bytes;
}

ParseStats& ParseStats::operator+=(const ParseStats& other) {
  bytes += other.bytes;
  parsed_bytes += other.parsed_bytes;
  skipped_bytes += other.skipped_bytes;
  records += other.records;
  parsed_records += other.parsed_records;
  losses += other.losses;
  lost_events += other.lost_events;
  for (std::size_t i = 0; i < skipped_records_by_reason.size(); ++i)
    skipped_records_by_reason[i] += other.skipped_records_by_reason[i];
  if (!first_bad)
    first_bad = other.first_bad;
  return *this;
}

}  // namespace fathom
