#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fathom {

/// The states of a task that the kernel tells of, in /proc/PID/status and in sched_switch.
///
/// `idle` is TASK_IDLE (0x402): a kernel thread that sleeps until there is work for it, and does not count for the load
/// average. It says nothing of a CPU. A CPU is idle while its swapper runs (pid 0, one for each CPU), and swapper's own
/// state is `running` all the time: who counts TASK_IDLE to find idle CPUs counts sleeping kworkers. Idle CPUs are
/// IdleAccounting's.
enum class TaskState : std::uint8_t {
  running,          ///< TASK_RUNNING: runs, or waits for a CPU
  interruptible,    ///< TASK_INTERRUPTIBLE: sleeps until an event or a signal
  uninterruptible,  ///< TASK_UNINTERRUPTIBLE: sleeps until an event; counts for the load average
  stopped,          ///< __TASK_STOPPED: by SIGSTOP and its like
  traced,           ///< __TASK_TRACED: stopped for its tracer
  dead,             ///< EXIT_DEAD: gone but for its last switch
  zombie,           ///< EXIT_ZOMBIE: gone, and its parent has not asked yet
  parked,           ///< TASK_PARKED: a kernel thread of a CPU, put aside
  idle,             ///< TASK_IDLE: a sleeping kernel thread. Not an idle CPU: see above
};
/// All of them, in the order of the enumerators, which is the kernel's (task_state_index() of include/linux/sched.h).
inline constexpr std::array kTaskStates = {TaskState::running, TaskState::interruptible, TaskState::uninterruptible,
                                           TaskState::stopped, TaskState::traced,        TaskState::dead,
                                           TaskState::zombie,  TaskState::parked,        TaskState::idle};

/// The kernel's letter, as in /proc/PID/stat: one of `RSDTtXZPI`.
[[nodiscard]] char letter(TaskState state) noexcept;
/// The state of that letter; empty for any other.
[[nodiscard]] std::optional<TaskState> task_state_of(char letter) noexcept;
/// The kernel's words, as in /proc/PID/status: "running", "sleeping", "disk sleep", "stopped", "tracing stop", "dead",
/// "zombie", "parked", "idle".
[[nodiscard]] std::string_view to_string(TaskState state) noexcept;

/// What stands in `task_struct`: `__state` (before Linux 5.14 `state`), together with `exit_state`. What a BPF program
/// reads, and what the last argument of tp_btf/sched_switch is. TaskStateDecoder knows the bits.
///
/// Not to be compared for equality: a task in usleep() has 0x2001 since Linux 6.1 (TASK_INTERRUPTIBLE|TASK_FREEZABLE).
struct RawTaskState {
  std::uint32_t bits = 0;  ///< 0: TASK_RUNNING

  friend bool operator==(RawTaskState, RawTaskState) = default;
};

/// What the event sched_switch has in its field `prev_state`. Since Linux 4.14 not the bits of RawTaskState: a sleeping
/// kworker is 0x402 there and 0x80 here. TaskStateDecoder turns it into a PrevState.
struct ReportedTaskState {
  std::uint64_t value = 0;  ///< as the record has it

  friend bool operator==(ReportedTaskState, ReportedTaskState) = default;
};

/// In what state a task left its CPU.
struct PrevState {
  TaskState state = TaskState::running;  ///< `running` also for who was preempted
  bool preempted = false;                ///< had to leave, and would have gone on: the kernel prints `R+`

  friend bool operator==(PrevState, PrevState) = default;
};

/// The state that sched_switch's text names: `S`, `R+`, and of Linux before 4.14 several letters, `D|K`. Empty for what
/// no kernel prints. Kernels of 4.14 to 4.19 may print a wrong letter; see PrevStateEncoding.
///
///     sched_switch: prev_comm=sh prev_pid=150 prev_prio=120 prev_state=R+ ==> next_comm=rcu_sched ...
[[nodiscard]] std::optional<PrevState> parse_prev_state(std::string_view letters) noexcept;

}  // namespace fathom
