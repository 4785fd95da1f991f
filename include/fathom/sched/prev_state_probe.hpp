#pragma once

#include <fathom/sched/task_state.hpp>
#include <fathom/sched/task_state_decoder.hpp>

#include <functional>
#include <optional>
#include <vector>

namespace fathom {

/// Finds out how the running kernel says a task's state, by one sleep.
///
///     const auto encoding = probe_prev_state_encoding([&] {
///       start_recording(sched_switch, own_thread);     // any way there is: tracefs, perf, BPF
///       std::this_thread::sleep_for(1ms);
///       return stop_and_take_prev_states();            // of the switches away from this thread
///     });
///     const TaskStateDecoder states({.sched_switch = &format, .encoding = encoding});   // see probed_task_states()
///
/// `sleep_once` lets one task of its own sleep interruptibly (nanosleep() does) while sched_switch is recorded, and
/// returns `prev_state` of each switch away from that task, in order. The last of them that was no preemption is the
/// sleep: 2 with the encoding `shifted`, else 1. The answer is `shifted` or `bit`, between which format and BTF leave
/// it open on Linux 4.15 to 4.19 (TaskStateDecoder sees the other two in the format, and then does not heed the
/// answer); empty if neither was recorded. Touches nothing itself; what `sleep_once` throws passes through.
[[nodiscard]] std::optional<PrevStateEncoding> probe_prev_state_encoding(
    const std::function<std::vector<ReportedTaskState>()>& sleep_once);

/// The decoder of the running kernel: what `sources` say, and where they leave the encoding open, what a sleep tells.
///
///     const TaskStateDecoder states = probed_task_states({.btf = &btf, .release = release}, sleep_once);
///
/// Calls `sleep_once` only where it matters, on Linux 4.15 to 4.19, and once. What it throws passes through; where it
/// tells nothing, the encoding stays open. Who reads `task_struct` itself, as OffCpuProfiler does, gets a RawTaskState,
/// which no kernel shifts, and needs none of this. Throws Error as TaskStateDecoder does.
[[nodiscard]] TaskStateDecoder probed_task_states(TaskStateSources sources,
                                                  const std::function<std::vector<ReportedTaskState>()>& sleep_once);

}  // namespace fathom
