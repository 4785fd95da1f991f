#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {

/// One line of an event's `trigger` file: what the kernel does when the event is hit.
///
///     for (const EventTrigger& trigger : event.triggers())
///       if (trigger.command == "traceoff") event.remove_trigger(trigger);
///
/// A plain value.
struct EventTrigger {
  std::string
      command;  ///< `traceon traceoff snapshot stacktrace enable_event disable_event enable_hist disable_hist hist`
  std::string argument;  ///< the event of enable_event (`kmem:kmalloc`), all of a hist's description; else empty
  std::optional<std::uint64_t> count;  ///< how many times it still acts; empty for ever
  std::string filter;                  ///< only where the event passes this; empty for always
  bool paused = false;                 ///< a hist that does not count now

  /// What to write to set it again; `!` in front takes it away.
  [[nodiscard]] std::string definition() const;

  friend bool operator==(const EventTrigger&, const EventTrigger&) = default;
};

/// The text of the file `trigger`; comments and lines that are no trigger are left out.
[[nodiscard]] std::vector<EventTrigger> parse_event_triggers(std::string_view text);

}  // namespace fathom
