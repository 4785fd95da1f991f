#pragma once

#include <fathom/event/events.hpp>
#include <fathom/event/function_table.hpp>
#include <fathom/event/sched_events.hpp>
#include <fathom/sched/detail/hotplug_steps.hpp>
#include <fathom/sched/idle_accounting.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace fathom {

/// The sched_switch that a line of trace text tells of: `text` is what follows the prefix. Empty if it is no such line,
/// or the prefix had no CPU or no time. `prev_state` is absent: text has letters, see parse_prev_state().
///
///     sched_switch: prev_comm=tw prev_pid=169 prev_prio=120 prev_state=S ==> next_comm=sh next_pid=170 next_prio=120
[[nodiscard]] std::optional<SchedSwitch> parse_sched_switch(const EventContext& context, std::string_view text);

/// Feeds an IdleAccounting from ftrace's text, of events alone or in the midst of a function graph (with
/// `funcgraph-abstime` and the CPU's column). A GraphSink.
///
///     IdleAccounting idle;
///     IdleFromText lines(idle);
///     parser.feed(text, lines);                     // a FunctionGraphParser
///     parser.finish(lines);  lines.finish();
///
/// Takes what IdleFromRecords takes: sched_switch, irq_handler_*, softirq_*, the vectors of x86, cpu_idle and cpuhp_*,
/// by their lines. Text has microseconds, so a time is up to one too early, and spans shorter than that may vanish.
class IdleFromText {
 public:
  /// `to` must outlive it.
  explicit IdleFromText(IdleAccounting& to) : to_(&to) {}

  /// Of the functions in a graph; nothing is made of them.
  [[nodiscard]] FunctionTable& functions() noexcept { return functions_; }
  /// Functions say nothing of who runs.
  void on(const GraphEntry& /*event*/) noexcept {}
  /// The same.
  void on(const GraphExit& /*event*/) noexcept {}
  /// An event's line.
  void on(const TextRecord& event) { take(event.context, event.text); }
  /// An event in a graph.
  void on(const GraphComment& event) { take(event.context, event.text); }
  /// A gap.
  void on(const Loss& event) { to_->on(event); }
  /// All text was given: from the first line on everything was recorded, up to the last, on all CPUs.
  void finish() noexcept { to_->recorded_throughout(); }

  /// Lines of these events that could not be read: not used.
  [[nodiscard]] std::uint64_t unreadable() const noexcept { return unreadable_; }

 private:
  void take(const EventContext& context, std::string_view text);
  [[nodiscard]] bool take_hotplug(const EventContext& context, std::string_view text);

  IdleAccounting* to_;
  FunctionTable functions_;
  detail::HotplugSteps steps_;
  std::uint64_t unreadable_ = 0;
};

}  // namespace fathom
