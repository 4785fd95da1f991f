#pragma once

#include <fathom/base/time.hpp>
#include <fathom/event/events.hpp>

#include <cstdint>
#include <optional>

namespace fathom {

/// A CPU went from one task to another: the event sched_switch.
struct SchedSwitch {
  std::uint32_t cpu = 0;                    ///< which one
  Timestamp time{};                         ///< when, on the clock of the trace
  Task prev{};                              ///< who left; pid 0 is the idle task, of which each CPU has one
  Task next{};                              ///< who came
  std::optional<std::uint64_t> prev_state;  ///< as recorded: what ReportedTaskState holds
};

/// What interrupts a CPU without a switch.
enum class InterruptKind : std::uint8_t {
  hard,  ///< a device's or the CPU's own: irq_handler_entry, and on x86 the events of irq_vectors
  soft,  ///< softirq_entry
};

/// An interrupt's handler began or ended.
struct InterruptMark {
  std::uint32_t cpu = 0;                          ///< where
  Timestamp time{};                               ///< when
  InterruptKind kind = InterruptKind::hard;       ///< what it is
  bool entering = false;                          ///< false where it ends
  std::optional<std::int32_t> interrupted_pid{};  ///< whom: where the source says
};

/// An idle CPU went to sleep or woke: the event cpu_idle of `power`.
struct CpuIdleMark {
  std::uint32_t cpu = 0;               ///< which one
  Timestamp time{};                    ///< when
  std::optional<std::uint32_t> state;  ///< that it went to, as the cpuidle driver numbers them; absent: it woke
};

/// A CPU was down at this time: others worked at its hotplug then, steps that are done without it.
struct CpuAbsence {
  std::uint32_t cpu = 0;  ///< which one
  Timestamp time{};       ///< when
};

/// Any other event tells who ran on its CPU at that time.
struct TaskSighting {
  std::uint32_t cpu = 0;  ///< where
  Timestamp time{};       ///< when
  std::int32_t pid = 0;   ///< who
};

}  // namespace fathom
