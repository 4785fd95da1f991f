#include "text.hpp"

#include <fathom/tracefs/hist_trigger.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace fathom {

namespace {

constexpr std::array<std::pair<HistModifier, std::string_view>, 12> kModifiers{{
    {HistModifier::none, ""},
    {HistModifier::hex, "hex"},
    {HistModifier::sym, "sym"},
    {HistModifier::sym_offset, "sym-offset"},
    {HistModifier::execname, "execname"},
    {HistModifier::syscall, "syscall"},
    {HistModifier::log2, "log2"},
    {HistModifier::buckets, "buckets"},
    {HistModifier::usecs, "usecs"},
    {HistModifier::percent, "percent"},
    {HistModifier::graph, "graph"},
    {HistModifier::stacktrace, "stacktrace"},
}};

// "a,b" from a list and what makes a text of each element.
template <typename List, typename ToText>
std::string joined(const List& list, ToText to_text) {
  std::string text;
  for (const auto& element : list) {
    if (!text.empty())
      text += ',';
    text += to_text(element);
  }
  return text;
}

}  // namespace

std::string_view to_string(HistModifier modifier) noexcept {
  const auto* const found = std::ranges::find(kModifiers, modifier, &std::pair<HistModifier, std::string_view>::first);
  return found == kModifiers.end() ? std::string_view{} : found->second;
}

std::optional<HistModifier> parse_hist_modifier(std::string_view name) noexcept {
  const auto* const found = std::ranges::find(kModifiers, name, &std::pair<HistModifier, std::string_view>::second);
  if (found == kModifiers.end() || name.empty())
    return std::nullopt;
  return found->first;
}

std::string HistField::str() const {
  std::string text = name;
  if (modifier != HistModifier::none) {
    text += '.';
    text += to_string(modifier);
  }
  if (modifier == HistModifier::buckets)
    text += '=' + std::to_string(bucket_size);
  return text;
}

// bytes_req.buckets=32
// common_timestamp.usecs-$ts0 is an expression: what is behind its dot is no modifier.
HistField parse_hist_field(std::string_view text) {
  HistField field;
  const auto dot = text.rfind('.');
  if (dot != std::string_view::npos) {
    const std::string_view modifier = text.substr(dot + 1);
    const auto equals = modifier.find('=');
    const auto size = equals == std::string_view::npos
                          ? std::nullopt
                          : tracefs::parse_number<std::uint64_t>(modifier.substr(equals + 1));
    const auto known = parse_hist_modifier(modifier.substr(0, equals));
    if (known && (*known == HistModifier::buckets) == size.has_value()) {
      field.modifier = *known;
      field.bucket_size = size.value_or(0);
      text = text.substr(0, dot);
    }
  }
  field.name = text;
  return field;
}

std::string HistTrigger::definition(std::string_view command) const {
  const auto field_text = [](const HistField& field) { return field.str(); };
  std::string text = "hist:";
  if (!name.empty())
    text += "name=" + name + ':';
  text += "keys=" + joined(keys, field_text);
  if (!values.empty())
    text += ":vals=" + joined(values, field_text);
  if (!variables.empty())
    text += ':' + joined(variables, [](const HistVariable& v) { return v.name + '=' + v.expression; });
  if (!sort.empty())
    text += ":sort=" + joined(sort, [](const HistSort& s) { return s.descending ? s.field + ".descending" : s.field; });
  if (size)
    text += ":size=" + std::to_string(*size);
  if (!clock.empty())
    text += ":clock=" + clock;
  for (const std::string& action : actions)
    text += ':' + action;
  if (!command.empty()) {
    text += ':';
    text += command;
  }
  if (!filter.empty())
    text += " if " + filter;
  return text;
}

}  // namespace fathom
