#pragma once

#include <fathom/tracefs/probe.hpp>
#include <fathom/tracefs/trace_event.hpp>
#include <fathom/tracefs/trace_files.hpp>

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {

class TraceArray;

/// One line of `dynamic_events`.
struct DynamicEventInfo {
  char type = '?';         ///< the letter: p r f t e s
  EventName name;          ///< group and event
  std::string definition;  ///< the whole line

  friend bool operator==(const DynamicEventInfo&, const DynamicEventInfo&) = default;
};

/// The text of the file `dynamic_events`; lines that are no definition are left out.
[[nodiscard]] std::vector<DynamicEventInfo> parse_dynamic_events(std::string_view text);

/// The kinds of dynamic events that a kernel knows, from the text of the file README of its tracefs.
[[nodiscard]] std::set<DynamicEventType> parse_dynamic_event_types(std::string_view readme);

/// An event that lives as long as the object; DynamicEvents makes it.
///
///     DynamicEvents dynamic{tracefs.files()};
///     DynamicEvent reads = dynamic.define(Kprobe{.place = "vfs_read", .arguments = {"count=$arg3:u64"}});
///     TraceInstance instance = tracefs.instance();
///     reads.in(instance).set_filter("count > 4096");
///     reads.in(instance).enable();
///
/// It is defined at the top level, for there is no other place: a private instance can enable, filter and record it,
/// but not define it, and everybody sees its name. The destructor disables it everywhere, takes its triggers away and
/// removes it, for a second at most if somebody (perf, a histogram on another event) still holds it; remove() does the
/// same and throws. What a killed process left is removed by remove_stale_dynamic_events.
///
/// Move-only; not safe to share between threads without a lock. Needs root.
class DynamicEvent {
 public:
  ~DynamicEvent();
  DynamicEvent(DynamicEvent&& other) noexcept;
  DynamicEvent& operator=(DynamicEvent&& other) noexcept;
  DynamicEvent(const DynamicEvent&) = delete;
  DynamicEvent& operator=(const DynamicEvent&) = delete;

  /// Its system (the group) and event, as in `available_events`.
  [[nodiscard]] const EventName& name() const noexcept { return name_; }
  /// The line that defined it.
  [[nodiscard]] const std::string& definition() const noexcept { return definition_; }
  /// The event in the top level's buffer.
  [[nodiscard]] TraceEvent event() const;
  /// The event in that buffer, which may be an instance's.
  [[nodiscard]] TraceEvent in(const TraceArray& array) const;
  /// Removes it now. Throws Error (EBUSY: something still uses it).
  void remove();

 private:
  friend class DynamicEvents;
  DynamicEvent(std::shared_ptr<TraceFiles> files, EventName name, std::string definition);

  std::shared_ptr<TraceFiles> files_;
  EventName name_;
  std::string definition_;
};

/// Defines events under a group name of its own, `fathom_PID_...`, which tells the next run whose they were.
///
///     DynamicEvents dynamic{tracefs.files()};
///     if (dynamic.knows(DynamicEventType::fprobe)) ...
///     DynamicEvent opened = dynamic.define(Kretprobe{.function = "do_sys_openat2", .arguments = {"$retval"}});
///     DynamicEvent latency = dynamic.define(SyntheticEvent{"latency", {{"u64", "us"}, {"pid_t", "pid"}}});
///
/// Each define throws UnsupportedError if the kernel does not know the kind, else Error with the kernel's own complaint
/// and a caret under the place (EINVAL: no such symbol or argument; EEXIST: there is one of this name), and EPERM where
/// the kernel is locked down. Holds nothing but a name: the events may outlive it. `files` is the top level's, also for
/// events that only an instance shall record. Touches `dynamic_events`, `README`, `error_log`. Needs root.
class DynamicEvents {
 public:
  /// Touches nothing yet. `proc` tells this process's start time, which is in the group's name.
  explicit DynamicEvents(std::shared_ptr<TraceFiles> files, const std::string& proc = "/proc");

  /// The group that all of its events are in.
  [[nodiscard]] const std::string& group() const noexcept { return group_; }
  /// Whether the kernel says that it knows this kind. It says so of eprobes, too, where they are not built in.
  [[nodiscard]] bool knows(DynamicEventType type) const { return types_.contains(type); }

  /// Defines the event, disabled. Throws UnsupportedError where the kernel knows no such type, else Error with what
  /// error_log says.
  [[nodiscard]] DynamicEvent define(const Kprobe& probe) const;
  [[nodiscard]] DynamicEvent define(const Kretprobe& probe) const;
  [[nodiscard]] DynamicEvent define(const Uprobe& probe) const;
  [[nodiscard]] DynamicEvent define(const Uretprobe& probe) const;
  [[nodiscard]] DynamicEvent define(const Fprobe& probe) const;
  [[nodiscard]] DynamicEvent define(const Tprobe& probe) const;
  [[nodiscard]] DynamicEvent define(const EventProbe& probe) const;
  [[nodiscard]] DynamicEvent define(const SyntheticEvent& event) const;

 private:
  struct Line;
  void require(DynamicEventType type) const;
  [[nodiscard]] DynamicEvent define(DynamicEventType type, const Line& line) const;
  [[nodiscard]] DynamicEvent define(const EventName& name, const std::string& definition) const;

  std::shared_ptr<TraceFiles> files_;
  std::string group_;
  std::set<DynamicEventType> types_;
};

/// The dynamic events that killed processes left behind: their group (or, of synthetic events, their name) says so.
[[nodiscard]] std::vector<DynamicEventInfo> stale_dynamic_events(TraceFiles& files, const std::string& proc = "/proc");

/// Removes these; gives the names of those removed. Those that refuse are left for the next time. Remove stale
/// instances first: what is enabled there cannot be removed.
std::vector<EventName> remove_stale_dynamic_events(const std::shared_ptr<TraceFiles>& files,
                                                   const std::string& proc = "/proc");

}  // namespace fathom
