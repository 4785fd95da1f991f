#include "task_state_bits.hpp"

#include "kernel_version.hpp"

#include <array>
#include <bit>
#include <cstddef>

namespace fathom::sched {

namespace {

// include/linux/sched.h of Linux 4.4; TASK_NEW is of 4.8.
constexpr std::array kOldBits = {TaskStateBit{0x001, "TASK_INTERRUPTIBLE"}, TaskStateBit{0x002, "TASK_UNINTERRUPTIBLE"},
                                 TaskStateBit{0x004, "__TASK_STOPPED"},     TaskStateBit{0x008, "__TASK_TRACED"},
                                 TaskStateBit{0x010, "EXIT_DEAD"},          TaskStateBit{0x020, "EXIT_ZOMBIE"},
                                 TaskStateBit{0x040, "TASK_DEAD"},          TaskStateBit{0x080, "TASK_WAKEKILL"},
                                 TaskStateBit{0x100, "TASK_WAKING"},        TaskStateBit{0x200, "TASK_PARKED"},
                                 TaskStateBit{0x400, "TASK_NOLOAD"},        TaskStateBit{0x800, "TASK_NEW"}};
constexpr std::array kOldNames = {TaskStateBit{0x402, "TASK_IDLE"}, TaskStateBit{0x088, "TASK_TRACED"},
                                  TaskStateBit{0x084, "TASK_STOPPED"}, TaskStateBit{0x082, "TASK_KILLABLE"},
                                  TaskStateBit{0x030, "EXIT_TRACE"}};

// Linux 4.14 (commit 8ef9925b02c2); TASK_RTLOCK_WAIT is of 5.15, the last three are of 6.1. No kernel in between used
// these bits for anything else.
constexpr std::array kBits = {TaskStateBit{0x0001, "TASK_INTERRUPTIBLE"},
                              TaskStateBit{0x0002, "TASK_UNINTERRUPTIBLE"},
                              TaskStateBit{0x0004, "__TASK_STOPPED"},
                              TaskStateBit{0x0008, "__TASK_TRACED"},
                              TaskStateBit{0x0010, "EXIT_DEAD"},
                              TaskStateBit{0x0020, "EXIT_ZOMBIE"},
                              TaskStateBit{0x0040, "TASK_PARKED"},
                              TaskStateBit{0x0080, "TASK_DEAD"},
                              TaskStateBit{0x0100, "TASK_WAKEKILL"},
                              TaskStateBit{0x0200, "TASK_WAKING"},
                              TaskStateBit{0x0400, "TASK_NOLOAD"},
                              TaskStateBit{0x0800, "TASK_NEW"},
                              TaskStateBit{0x1000, "TASK_RTLOCK_WAIT"},
                              TaskStateBit{0x2000, "TASK_FREEZABLE"},
                              TaskStateBit{0x4000, "__TASK_FREEZABLE_UNSAFE"},
                              TaskStateBit{0x8000, "TASK_FROZEN"}};
constexpr std::array kNames = {TaskStateBit{0x402, "TASK_IDLE"}, TaskStateBit{0x108, "TASK_TRACED"},
                               TaskStateBit{0x104, "TASK_STOPPED"}, TaskStateBit{0x102, "TASK_KILLABLE"},
                               TaskStateBit{0x030, "EXIT_TRACE"}};

// The kernel's own number of the state, fls() of the bits that it reports.
TaskState by_highest(std::uint32_t reported) noexcept {
  return kTaskStates[static_cast<std::size_t>(std::bit_width(reported))];
}

}  // namespace

std::span<const TaskStateBit> old_bits(std::uint32_t of) noexcept {
  const bool had_new = of == 0 || of >= version(4, 8);
  return std::span(kOldBits).first(kOldBits.size() - (had_new ? 0 : 1));
}
std::span<const TaskStateBit> bits(std::uint32_t of) noexcept {
  constexpr std::size_t kSince61 = 3;
  constexpr std::size_t kSince515 = 1;
  const std::size_t later = of == 0 || of >= version(6, 1) ? 0 : of >= version(5, 15) ? kSince61 : kSince61 + kSince515;
  return std::span(kBits).first(kBits.size() - later);
}
std::span<const TaskStateBit> old_names() noexcept {
  return kOldNames;
}
std::span<const TaskStateBit> names() noexcept {
  return kNames;
}

TaskState old_state(std::uint32_t bits) noexcept {
  constexpr std::uint32_t kOldReport = 0x3f;
  constexpr std::uint32_t kOldDead = 0x40;
  constexpr std::uint32_t kOldParked = 0x200;
  if ((bits & kIdle) == kIdle)
    return TaskState::idle;
  if ((bits & kOldReport) != 0)
    return by_highest(bits & kOldReport);
  if ((bits & kOldDead) != 0)
    return TaskState::dead;
  return (bits & kOldParked) != 0 ? TaskState::parked : TaskState::running;
}

TaskState state(std::uint32_t bits) noexcept {
  if ((bits & kIdle) == kIdle)
    return TaskState::idle;
  if ((bits & kReport) != 0)
    return by_highest(bits & kReport);
  if ((bits & kDead) != 0)
    return TaskState::dead;
  return (bits & (kRtlockWait | kFrozen)) != 0 ? TaskState::uninterruptible : TaskState::running;
}

}  // namespace fathom::sched
