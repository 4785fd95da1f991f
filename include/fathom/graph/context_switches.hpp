#pragma once

#include <fathom/base/time.hpp>
#include <fathom/graph/call_forest.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace fathom {

/// What the split of a context switch rests on.
enum class SwitchBasis : std::uint8_t {
  bounds,       ///< durations alone: the time off the CPU is at most what is given, and the cost at least
  entry_times,  ///< the calls' entry times, which text keeps to the microsecond: so exact are the parts
};

/// One call of the scheduler in which the task gave up its processor, and got one back.
///
/// The task leaves in `schedule()` or one of its kin; the first thing it does when it runs again is
/// finish_task_switch(), still in the same call. So the call's duration falls into three parts, which sum to it:
///
///     schedule() {                      \ before: choosing the next task
///       pick_next_task_fair();          /
///                                         off_cpu: other tasks run
///       finish_task_switch.isra.0();    \ after: tidying up, and return
///     }                                 /
///
/// With entry times, `off_cpu` goes from the end of the last traced call before the switch to the entry of
/// finish_task_switch: what the scheduler does untraced between these, the switching itself included, is in there.
/// Without them it cannot be told where in the call its own time was spent; then all of it is in `off_cpu`, and
/// `before` and `after` are the durations of the calls that stand there.
struct ContextSwitch {
  Call call;                     ///< of the scheduler
  CallTree tree;                 ///< of the task that gave up the processor
  std::optional<CallTree> next;  ///< of the task whose lines the processor's trace went on with, if it shows that
  std::uint32_t switches = 1;    ///< times the task was switched out in this one call; the parts are their sums
  SwitchBasis basis = SwitchBasis::bounds;  ///< what the split below rests on
  Duration total{0};                        ///< the call's duration
  Duration before{0};                       ///< from its entry to the first switch
  Duration off_cpu{0};                      ///< while others ran
  Duration after{0};  ///< from the (first) return to the processor to the end, less further time off it

  /// What switching took of the processor.
  [[nodiscard]] Duration cost() const noexcept { return before + after; }
};

/// A part of a context switch, to summarise or to sort by.
enum class SwitchPart : std::uint8_t { total, before, off_cpu, after, cost };

/// The part's length in one switch.
[[nodiscard]] Duration part_of(const ContextSwitch& context_switch, SwitchPart part) noexcept;

/// How long a part took over several switches. Exact, by nearest rank; all zero for none.
struct SwitchSummary {
  std::uint64_t count = 0;  ///< switches that were looked at
  Duration sum{0};          ///< over all of them
  Duration min{0};          ///< the shortest
  Duration p50{0};          ///< the median
  Duration p99{0};          ///< 99 of 100 take no longer
  Duration max{0};          ///< the longest
};

/// Which context switches to take.
struct SwitchSelection {
  std::optional<std::uint32_t> cpu = {};  ///< where the task gave up this processor
  std::optional<std::int32_t> pid = {};   ///< of this task
  bool idle = true;                       ///< with those of the idle tasks, whose time off the CPU is the busy time
};

/// The context switches of a trace.
///
///     const ContextSwitches switches = context_switches(forest, {.idle = false});
///     const SwitchSummary cost = switches.summary(SwitchPart::cost);
///     for (const ContextSwitch& s : switches.outliers(SwitchPart::total, 10))   // above ten times the median
///       std::cout << s.call.name() << ' ' << s.total.count() << " ns\n";
///
/// It needs finish_task_switch and the scheduler's calls in the trace, and no more: filtered traces of these two do.
/// The trace is to be taken with sleep-time on, as it is by default; else durations leave out the time off the CPU. The
/// scheduler's calls are schedule(), schedule_idle() and the other entry points of kernel/sched/core.c; which of them
/// can be traced differs by kernel.
///
/// A plain value; the calls and trees in it are good for as long as the forest.
class ContextSwitches {
 public:
  ContextSwitches() = default;
  /// Looks for them; see context_switches().
  ContextSwitches(const CallForest& forest, const SwitchSelection& selection);
  ContextSwitches(const CallForest&& forest, const SwitchSelection& selection) = delete;

  /// All of them, task by task, in order.
  [[nodiscard]] std::span<const ContextSwitch> all() const& noexcept { return switches_; }
  void all() const&& = delete;

  /// Returns to a processor that are not in a call of the scheduler: its entry point is not traced (a filter, or
  /// preemption by way of functions that ftrace leaves alone), or began before the trace and has not ended in it.
  [[nodiscard]] std::uint64_t unattributed() const noexcept { return unattributed_; }
  /// Tasks that ran for the first time: they come out of schedule_tail() and have left no processor.
  [[nodiscard]] std::uint64_t first_runs() const noexcept { return first_runs_; }
  /// Calls of the scheduler that switched and whose return is not in the trace; they are not in `all()`.
  [[nodiscard]] std::uint64_t unfinished() const noexcept { return unfinished_; }
  /// Calls of the scheduler that returned to the same task without a switch.
  [[nodiscard]] std::uint64_t without_switch() const noexcept { return without_switch_; }

  /// How long a part took.
  [[nodiscard]] SwitchSummary summary(SwitchPart part) const;
  /// Those in which a part took longer than `limit`, longest first.
  [[nodiscard]] std::vector<ContextSwitch> longer_than(SwitchPart part, Duration limit) const;
  /// Those in which a part took longer than so many times its median, longest first.
  [[nodiscard]] std::vector<ContextSwitch> outliers(SwitchPart part, std::uint32_t times_median) const;

 private:
  std::vector<ContextSwitch> switches_;
  std::uint64_t unattributed_ = 0;
  std::uint64_t first_runs_ = 0;
  std::uint64_t unfinished_ = 0;
  std::uint64_t without_switch_ = 0;
};

/// Finds the context switches of a forest.
[[nodiscard]] ContextSwitches context_switches(const CallForest& forest, const SwitchSelection& selection = {});
void context_switches(const CallForest&& forest, const SwitchSelection& selection = {}) = delete;  // calls refer to it

}  // namespace fathom
