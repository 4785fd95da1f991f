#include "format_lines.hpp"

#include <fathom/rawtrace/event_format.hpp>

#include <algorithm>
#include <limits>

namespace fathom {

namespace {

using rawtrace::parse_field_line;
using rawtrace::parse_number;
using rawtrace::take_line;
using rawtrace::trimmed;

// Cuts `key` off the start of `line`; false where it does not stand there.
bool take_key(std::string_view& line, std::string_view key) noexcept {
  if (!line.starts_with(key))
    return false;
  line = trimmed(line.substr(key.size()));
  return true;
}

bool begins_inside(const EventField& field, const EventField& other) noexcept {
  return field.offset >= other.offset && field.offset - other.offset < other.size;
}

}  // namespace

std::string_view to_string(FieldKind kind) noexcept {
  switch (kind) {
    case FieldKind::value:
      return "value";
    case FieldKind::array:
      return "array";
    case FieldKind::open_array:
      return "open_array";
    case FieldKind::data_loc:
      return "data_loc";
    case FieldKind::rel_loc:
      return "rel_loc";
  }
  return "";
}

std::optional<EventFormat> EventFormat::parse(std::string_view system, std::string_view text,
                                              const PageLayout& layout) {
  EventFormat format;
  format.system_ = system;
  format.byte_order_ = layout.byte_order;
  std::optional<std::uint32_t> id;
  while (!text.empty()) {
    const std::string_view rest = text;
    std::string_view line = trimmed(take_line(text));
    if (take_key(line, "name:")) {
      format.name_ = line;
    } else if (take_key(line, "ID:")) {
      id = parse_number(line);
    } else if (line.starts_with("field")) {
      auto field = format.fields_.size() < kMaxFields ? parse_field_line(line, layout.long_size) : std::nullopt;
      if (field)
        format.add(std::move(*field));
      else
        ++format.oddities_.unreadable_fields;
    } else if (line.starts_with("print fmt:")) {
      // The last of the file; some hold newlines.
      line = rest;
      line.remove_prefix(line.find("print fmt:"));
      take_key(line, "print fmt:");
      while (line.ends_with('\n'))
        line.remove_suffix(1);
      format.print_fmt_ = line;
      break;
    }
  }
  if (format.name_.empty() || !id || *id > std::numeric_limits<std::uint16_t>::max())
    return std::nullopt;
  format.id_ = static_cast<std::uint16_t>(*id);
  return format;
}

// The text has an empty line between the common fields and the others; the names tell the same.
void EventFormat::add(EventField field) {
  const auto same_name = [&field](const EventField& other) { return other.name == field.name; };
  const auto around = [&field](const EventField& other) { return begins_inside(field, other); };
  if (std::ranges::any_of(fields_, same_name))
    ++oddities_.duplicate_fields;
  if (std::ranges::any_of(fields_, around))
    ++oddities_.overlapping_fields;
  if (common_ == fields_.size() && field.name.starts_with("common_"))
    ++common_;
  fields_.push_back(std::move(field));
}

const EventField* EventFormat::find(std::string_view field) const& noexcept {
  const auto found = std::ranges::find(fields_, field, &EventField::name);
  return found == fields_.end() ? nullptr : &*found;
}

}  // namespace fathom
