#pragma once

#include <fathom/tracefs/hist_table.hpp>
#include <fathom/tracefs/hist_trigger.hpp>
#include <fathom/tracefs/trace_event.hpp>

#include <optional>
#include <string>

namespace fathom {

/// A histogram that the kernel keeps while the object lives.
///
///     Histogram switches{TraceEvents{instance}.event("sched:sched_switch"),
///                        {.keys = {{"prev_comm"}}, .values = {{"prev_prio"}}}};
///     std::this_thread::sleep_for(1s);
///     for (const HistEntry& entry : switches.read().entries)
///       std::cout << entry.keys[0].text << ' ' << entry.hitcount() << '\n';
///
/// The event itself needs not be enabled: a trigger sees it all the same, and nothing is written to the ring buffer.
/// The destructor takes the trigger away; put it in a TraceInstance, so that it is gone even if this process is killed.
/// One that uses common_timestamp has the kernel set the buffer's `trace_clock`; it is set back with the trigger, and
/// both times the kernel empties the buffer. A named histogram that variables or other events use stays until they are
/// gone: destroy in reverse order. Move-only; not safe to share between threads without a lock. Touches
/// `events/SYSTEM/EVENT/{trigger,hist}`, `trace_clock`, `error_log`. Needs root.
class Histogram {
 public:
  /// Throws Error with the kernel's complaint and a caret under the place (EINVAL: no such field; EEXIST: there is one
  /// like that), UnsupportedError where the kernel has no hist triggers.
  Histogram(TraceEvent event, HistTrigger description);
  ~Histogram();
  Histogram(Histogram&& other) noexcept;
  Histogram& operator=(Histogram&& other) noexcept;
  Histogram(const Histogram&) = delete;
  Histogram& operator=(const Histogram&) = delete;

  /// What it was made from.
  [[nodiscard]] const HistTrigger& description() const noexcept { return description_; }
  /// What was counted until now. Throws Error (ENOENT) if somebody else took the trigger away.
  [[nodiscard]] HistTable read() const;
  /// Stops counting; what was counted stays.
  void pause() { command("pause"); }
  /// Counts on.
  void resume() { command("continue"); }
  /// Forgets what was counted.
  void clear() { command("clear"); }
  /// Takes the trigger away now; throws Error (EBUSY: another histogram uses its variables) where the destructor would
  /// be silent.
  void remove();

 private:
  // What the kernel did to the buffer's clock.
  struct ClockChange {
    std::string before;
    std::string set;
  };

  void command(std::string_view command);

  std::optional<TraceEvent> event_;
  HistTrigger description_;
  std::string printed_;  // the description in the kernel's words
  std::optional<ClockChange> clock_;
};

}  // namespace fathom
