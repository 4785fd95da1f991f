#include "text.hpp"

#include <fathom/tracefs/trace_event_trigger.hpp>

namespace fathom {

namespace {

constexpr std::string_view kIf = " if ";
constexpr std::string_view kHist = "hist:";

// Cuts `end` off the end of `text` if it stands there.
bool take_end(std::string_view& text, std::string_view end) {
  if (!text.ends_with(end))
    return false;
  text.remove_suffix(end.size());
  return true;
}

// traceoff:unlimited
// stacktrace:count=3 if pid == 1
// enable_event:kmem:kmalloc:count=2
// hist:keys=pid:vals=hitcount:sort=hitcount:size=2048 if pid > 1 [active]
std::optional<EventTrigger> parse_trigger(std::string_view line) {
  EventTrigger trigger;
  const bool is_hist = line.starts_with(kHist);
  if (is_hist) {
    trigger.paused = take_end(line, " [paused]");
    if (!trigger.paused)
      take_end(line, " [active]");
  }
  if (const auto condition = line.find(kIf); condition != std::string_view::npos) {
    trigger.filter = tracefs::trimmed(line.substr(condition + kIf.size()));
    line = line.substr(0, condition);
  }
  if (!is_hist && !take_end(line, ":unlimited")) {
    constexpr std::string_view kCount = ":count=";
    if (const auto at = line.rfind(kCount); at != std::string_view::npos) {
      trigger.count = tracefs::parse_number<std::uint64_t>(line.substr(at + kCount.size()));
      if (!trigger.count)
        return std::nullopt;
      line = line.substr(0, at);
    }
  }
  const auto colon = line.find(':');
  trigger.command = line.substr(0, colon);
  if (colon != std::string_view::npos)
    trigger.argument = line.substr(colon + 1);
  if (trigger.command.empty())
    return std::nullopt;
  return trigger;
}

}  // namespace

std::string EventTrigger::definition() const {
  std::string text = command;
  if (!argument.empty())
    text += ':' + argument;
  if (count)
    text += ':' + std::to_string(*count);
  if (paused)
    text += ":pause";
  if (!filter.empty()) {
    text += kIf;
    text += filter;
  }
  return text;
}

std::vector<EventTrigger> parse_event_triggers(std::string_view text) {
  std::vector<EventTrigger> triggers;
  for (const std::string_view line : tracefs::lines_of(text)) {
    if (line.starts_with('#'))
      continue;
    if (auto trigger = parse_trigger(tracefs::trimmed(line)))
      triggers.push_back(std::move(*trigger));
  }
  return triggers;
}

}  // namespace fathom
