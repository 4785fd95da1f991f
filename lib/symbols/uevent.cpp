#include "uevent.hpp"

#include <charconv>
#include <system_error>

namespace fathom::symbols {

namespace {

constexpr std::string_view kModules = "/module/";

struct Fields {
  std::optional<std::string_view> action;
  std::optional<std::string_view> devpath;
  std::optional<std::string_view> subsystem;
  std::optional<std::string_view> seqnum;
  std::optional<std::string_view> synth_uuid;

  // Where the value of this key goes; null for a key that does not matter.
  std::optional<std::string_view>* of(std::string_view key) {
    if (key == "ACTION")
      return &action;
    if (key == "DEVPATH")
      return &devpath;
    if (key == "SUBSYSTEM")
      return &subsystem;
    if (key == "SEQNUM")
      return &seqnum;
    if (key == "SYNTH_UUID")
      return &synth_uuid;
    return nullptr;
  }
};

// The text before the next NUL, which is taken off `rest` with it; empty if there is none.
std::optional<std::string_view> next_field(std::string_view& rest) {
  const std::size_t end = rest.find('\0');
  if (end == std::string_view::npos)
    return std::nullopt;
  const std::string_view field = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return field;
}

std::optional<Fields> parse_fields(std::string_view rest) {
  Fields fields;
  while (!rest.empty()) {
    const auto field = next_field(rest);
    const std::size_t equals = field ? field->find('=') : std::string_view::npos;
    if (equals == std::string_view::npos || equals == 0)
      return std::nullopt;
    auto* const value = fields.of(field->substr(0, equals));
    if (value == nullptr)
      continue;
    if (*value)
      return std::nullopt;
    *value = field->substr(equals + 1);
  }
  return fields;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

}  // namespace

std::optional<Uevent> parse_uevent(std::string_view message) {
  std::string_view rest = message;
  const auto head = next_field(rest);
  const std::size_t at = head ? head->find('@') : std::string_view::npos;
  if (at == std::string_view::npos || at == 0)
    return std::nullopt;
  const auto fields = parse_fields(rest);
  if (!fields || !fields->subsystem || !fields->seqnum)
    return std::nullopt;
  if (fields->action != head->substr(0, at) || fields->devpath != head->substr(at + 1))
    return std::nullopt;
  const auto seqnum = parse_number(*fields->seqnum);
  if (!seqnum || !fields->devpath->starts_with('/'))
    return std::nullopt;
  return Uevent{.action = *fields->action,
                .devpath = *fields->devpath,
                .subsystem = *fields->subsystem,
                .seqnum = *seqnum,
                .synthetic = fields->synth_uuid.has_value()};
}

std::optional<std::string_view> module_of(std::string_view devpath) {
  if (!devpath.starts_with(kModules))
    return std::nullopt;
  const std::string_view name = devpath.substr(kModules.size());
  if (name.empty() || name.find('/') != std::string_view::npos)
    return std::nullopt;
  return name;
}

}  // namespace fathom::symbols
