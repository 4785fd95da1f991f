#pragma once

#include <fathom/tracefs/trace_event_trigger.hpp>
#include <fathom/tracefs/trace_files.hpp>

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {

class TraceArray;
struct HistFile;

/// The name of an event as `available_events` spells it: `sched:sched_switch`.
struct EventName {
  std::string system;  ///< `sched`
  std::string event;   ///< `sched_switch`

  /// `system:event`.
  [[nodiscard]] std::string str() const { return system + ':' + event; }

  friend auto operator<=>(const EventName&, const EventName&) = default;
};

/// `system:event`, or `system/event` as in dynamic_events; empty if it is neither.
[[nodiscard]] std::optional<EventName> parse_event_name(std::string_view text);

/// The text of `available_events` or `set_event`, one name a line; other lines are left out.
[[nodiscard]] std::vector<EventName> parse_event_names(std::string_view text);

/// What an `enable` file says.
enum class EventState : std::uint8_t {
  off,   ///< 0
  on,    ///< 1
  some,  ///< X: some of the system's events are on
  none,  ///< ?: there is no event below that can be switched
};

/// One event of one ring buffer: its switch, filter, triggers and histograms.
///
///     TraceEvent wakeup = events.event("sched:sched_wakeup");
///     wakeup.set_filter("pid == 1 || prio < 100");
///     wakeup.enable();
///     wakeup.add_trigger("traceoff:1 if pid == 4711");
///     auto tables = wakeup.read_hist().tables;
///
/// A handle: it holds the TraceFiles and a path, remembers nothing and puts nothing back. What it sets in a
/// TraceInstance goes with the instance; at the top level it stays until it is set otherwise. Safe to use from several
/// threads as far as the kernel is. Touches `events/SYSTEM/EVENT/{enable,filter,trigger,hist,id,format}` and
/// `error_log`. Needs root, or the group that tracefs was mounted for.
class TraceEvent {
 public:
  /// `prefix` is empty for the top level, or `instances/NAME/`. Looks at nothing.
  TraceEvent(std::shared_ptr<TraceFiles> files, std::string prefix, EventName name);

  /// Which event it is, and what it is read and written through.
  [[nodiscard]] const EventName& name() const noexcept { return name_; }
  [[nodiscard]] const std::shared_ptr<TraceFiles>& files() const noexcept { return files_; }
  /// "" or "instances/NAME/".
  [[nodiscard]] const std::string& prefix() const noexcept { return prefix_; }

  /// Whether the kernel has it now: modules and dynamic events come and go.
  [[nodiscard]] bool exists() const;
  /// The number that stands in the binary records, `common_type`.
  [[nodiscard]] std::uint32_t id() const;
  /// The fields and their places, as text.
  [[nodiscard]] std::string format() const;

  /// Whether it is recorded.
  [[nodiscard]] bool enabled() const;
  void enable() { set_enabled(true); }
  void disable() { set_enabled(false); }
  void set_enabled(bool on);

  /// Empty where nothing is filtered, also where the last filter was rejected.
  [[nodiscard]] std::optional<std::string> filter() const;
  /// Only events that pass are recorded: `prev_pid == 1 && prev_comm ~ "kwork*"`. Throws Error whose hint is the
  /// kernel's own complaint with a caret under the place; the filter from before is in force again then (the kernel by
  /// itself would record everything).
  void set_filter(std::string_view filter);
  void clear_filter();

  /// What its file `trigger` lists.
  [[nodiscard]] std::vector<EventTrigger> triggers() const;
  /// `traceoff`, `snapshot:1 if prio < 10`, `enable_event:kmem:kmalloc`, `hist:keys=pid`. Throws Error with the
  /// kernel's complaint, where it has one (EINVAL), or EEXIST.
  void add_trigger(std::string_view definition);
  /// Takes away a trigger that was added as `definition`. Throws Error (ENOENT or EINVAL: there is none like that).
  void remove_trigger(std::string_view definition);
  /// Takes away one that `triggers` told of.
  void remove_trigger(const EventTrigger& trigger) { remove_trigger(trigger.definition()); }
  /// Takes all of them away, histograms too.
  void clear_triggers();

  /// Whether the kernel has hist triggers (CONFIG_HIST_TRIGGERS).
  [[nodiscard]] bool has_hist() const;
  /// Every histogram of this event, as the kernel prints them now. Throws UnsupportedError where the kernel has no hist
  /// triggers.
  [[nodiscard]] HistFile read_hist() const;

 private:
  [[nodiscard]] std::string path(std::string_view file) const;

  std::shared_ptr<TraceFiles> files_;
  std::string prefix_;
  EventName name_;
};

/// The events of one ring buffer, the top level's or an instance's.
///
///     TraceEvents events{instance};
///     events.enable("sched:sched_switch");
///     events.enable("irq:*");                   // a whole system; also "irq"
///     events.enable("*:*_wait*");               // globs: * ? [a-z]
///     for (const EventName& name : events.enabled()) ...
///     events.disable("*:*");
///
/// A handle like TraceEvent, with the same rights and lifetimes. Touches `available_events`, `set_event`, `events/`.
class TraceEvents {
 public:
  /// The events of the top level or of an instance.
  explicit TraceEvents(const TraceArray& array);
  /// `prefix` is empty for the top level, or `instances/NAME/`.
  explicit TraceEvents(std::shared_ptr<TraceFiles> files, std::string prefix = {});

  /// All events that can be recorded, in the kernel's order.
  [[nodiscard]] std::vector<EventName> list() const;
  /// The systems that they belong to, sorted.
  [[nodiscard]] std::vector<std::string> systems() const;
  /// Those whose name fits: `SYSTEM:EVENT`, each with globs, or a system alone.
  [[nodiscard]] std::vector<EventName> match(std::string_view pattern) const;
  /// The same, at least one: else throws Error (ENOENT) which names the nearest there are.
  [[nodiscard]] std::vector<EventName> match_some(std::string_view pattern) const;
  /// A handle on one event, `sched:sched_switch`. Throws Error (ENOENT) which names the nearest events there are, or
  /// EINVAL where the text is no name.
  [[nodiscard]] TraceEvent event(std::string_view name) const;
  [[nodiscard]] TraceEvent event(const EventName& name) const { return {files_, prefix_, name}; }

  /// The events that are on.
  [[nodiscard]] std::vector<EventName> enabled() const;
  /// Of a whole system, or with an empty name of all events.
  [[nodiscard]] EventState state(std::string_view system = {}) const;
  /// Every event that fits the pattern (see match). Throws Error (ENOENT) if none does.
  void enable(std::string_view pattern) { set_enabled(pattern, true); }
  void disable(std::string_view pattern) { set_enabled(pattern, false); }
  void set_enabled(std::string_view pattern, bool on);

  /// Sets one filter for all events of a system that have the fields. The kernel takes away the filters of those that
  /// have not. If it is rejected, each event's filter from before is in force again; see TraceEvent::set_filter.
  void set_system_filter(std::string_view system, std::string_view filter);
  void clear_system_filter(std::string_view system);

 private:
  std::shared_ptr<TraceFiles> files_;
  std::string prefix_;
};

}  // namespace fathom
