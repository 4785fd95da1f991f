#include "format_lines.hpp"

#include "type_size.hpp"

#include <charconv>

namespace fathom::rawtrace {

namespace {

// Takes `TYPE NAME`, `TYPE NAME[12]` or `__data_loc TYPE[] NAME` apart. False where there is no name.
bool parse_declaration(std::string_view text, EventField& field, std::string_view& dimension) {
  constexpr std::string_view kDataLoc = "__data_loc ";
  constexpr std::string_view kRelLoc = "__rel_loc ";
  text = trimmed(text);
  if (text.starts_with(kDataLoc)) {
    field.kind = FieldKind::data_loc;
    text.remove_prefix(kDataLoc.size());
  } else if (text.starts_with(kRelLoc)) {
    field.kind = FieldKind::rel_loc;
    text.remove_prefix(kRelLoc.size());
  } else if (text.ends_with(']')) {
    const auto open = text.rfind('[');
    if (open == std::string_view::npos)
      return false;
    dimension = text.substr(open + 1, text.size() - open - 2);
    field.kind = FieldKind::array;
    text = trimmed(text.substr(0, open));
  }
  const auto before = text.find_last_of(" \t*");
  if (before == std::string_view::npos || before + 1 == text.size())
    return false;
  field.name = text.substr(before + 1);
  std::string_view type = trimmed(text.substr(0, before + 1));
  if (type.ends_with("[]"))
    type = trimmed(type.substr(0, type.size() - 2));
  field.type = type;
  return !type.empty();
}

// The number behind `key`, up to the semicolon.
std::optional<std::uint32_t> number_of(std::string_view line, std::string_view key) noexcept {
  const auto at = line.find(key);
  if (at == std::string_view::npos)
    return std::nullopt;
  const std::string_view rest = line.substr(at + key.size());
  const auto end = rest.find(';');
  return end == std::string_view::npos ? std::nullopt : parse_number(rest.substr(0, end));
}

// Of one element, as far as the text tells it.
std::uint32_t element_size_of(const EventField& field, std::string_view dimension, std::uint32_t long_size) noexcept {
  if (field.kind == FieldKind::value)
    return field.size;
  const auto count = parse_number(dimension);
  if (field.kind == FieldKind::array && count && *count != 0 && field.size % *count == 0)
    return field.size / *count;
  return type_size(field.type, long_size);
}

}  // namespace

std::string_view take_line(std::string_view& text) noexcept {
  const auto end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view kBlank = " \t\r";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::optional<std::uint32_t> parse_number(std::string_view digits) noexcept {
  std::uint32_t value = 0;
  const char* const begin = digits.data();
  const char* const end = begin + digits.size();
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (error != std::errc{} || stop != end)
    return std::nullopt;
  return value;
}

std::optional<EventField> parse_field_line(std::string_view line, std::uint32_t long_size) {
  constexpr std::string_view kField = "field:";
  line = trimmed(line);
  const auto semicolon = line.find(';');
  if (!line.starts_with(kField) || semicolon == std::string_view::npos)
    return std::nullopt;
  EventField field;
  std::string_view dimension;
  if (!parse_declaration(line.substr(kField.size(), semicolon - kField.size()), field, dimension))
    return std::nullopt;
  line.remove_prefix(semicolon + 1);
  const auto offset = number_of(line, "offset:");
  const auto size = number_of(line, "size:");
  if (!offset || !size)
    return std::nullopt;
  field.offset = *offset;
  field.size = *size;
  field.is_signed = number_of(line, "signed:").value_or(0) != 0;
  if (field.size == 0 && (field.kind == FieldKind::array || field.kind == FieldKind::value))
    field.kind = FieldKind::open_array;
  const bool located = field.kind == FieldKind::data_loc || field.kind == FieldKind::rel_loc;
  if (located && field.size != sizeof(std::uint32_t))
    return std::nullopt;
  field.element_size = element_size_of(field, dimension, long_size);
  return field;
}

}  // namespace fathom::rawtrace
