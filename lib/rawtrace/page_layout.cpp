#include "format_lines.hpp"

#include <fathom/rawtrace/page_layout.hpp>

#include <utility>

namespace fathom {

namespace {

using rawtrace::parse_field_line;
using rawtrace::take_line;
using rawtrace::trimmed;

// What `commit` can count: its bits above are marks (ring_buffer.c, RB_MISSED_EVENTS), and libtraceevent takes 27 of
// it.
constexpr std::uint32_t kMaxData = (std::uint32_t{1} << 27U) - 1;

// "	type_len    :    5 bits", "	padding     : type == 29": whether it agrees with the header that we read.
bool is_known_header_line(std::string_view line) noexcept {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos)
    return true;
  const std::string_view key = trimmed(line.substr(0, colon));
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (key == "type_len")
    return value == "5 bits";
  if (key == "time_delta")
    return value == "27 bits";
  if (key == "array")
    return value == "32 bits";
  if (key == "padding")
    return value == "type == 29";
  if (key == "time_extend")
    return value == "type == 30";
  return key != "time_stamp" || value == "type == 31";
}

}  // namespace

std::optional<PageLayout> PageLayout::parse(std::string_view header_page, std::string_view header_event,
                                            std::endian byte_order) {
  std::optional<EventField> timestamp;
  std::optional<EventField> commit;
  std::optional<EventField> data;
  while (!header_page.empty()) {
    auto field = parse_field_line(take_line(header_page), 8);
    if (!field)
      continue;
    if (field->name == "timestamp")
      timestamp = std::move(field);
    else if (field->name == "commit")
      commit = std::move(field);
    else if (field->name == "data")
      data = std::move(field);
  }
  if (!timestamp || timestamp->size != 8 || !commit || (commit->size != 4 && commit->size != 8) || !data ||
      data->size < sizeof(std::uint32_t) || data->size > kMaxData || data->offset > kMaxData ||
      timestamp->offset > data->offset - 8 || data->offset < 8 + commit->size ||
      commit->offset > data->offset - commit->size)
    return std::nullopt;
  while (!header_event.empty()) {
    if (!is_known_header_line(take_line(header_event)))
      return std::nullopt;
  }
  PageLayout layout;
  layout.byte_order = byte_order;
  layout.long_size = commit->size;
  layout.timestamp_offset = timestamp->offset;
  layout.commit_offset = commit->offset;
  layout.data_offset = data->offset;
  layout.data_size = data->size;
  return layout;
}

}  // namespace fathom
