#pragma once

#include <fathom/sched/task_state.hpp>
#include <fathom/sched/task_state_decoder.hpp>

#include <cstdint>
#include <span>
#include <string_view>

namespace fathom::sched {

/// What sched_switch printed for each bit of `task_struct::state`, lowest first. Linux 4.4; up to 4.13.
inline constexpr std::string_view kOldLetters = "SDTtZXxKWPN";
/// What it prints for each bit of the record since 4.14.
inline constexpr std::string_view kLetters = "SDTtXZPI";

/// The bits of `task_struct` and their names, lowest first: before 4.14, and since. Those of a version, or of all where
/// that is 0: not known.
[[nodiscard]] std::span<const TaskStateBit> old_bits(std::uint32_t version = 0) noexcept;
[[nodiscard]] std::span<const TaskStateBit> bits(std::uint32_t version = 0) noexcept;
/// Names that the kernel has for several bits together, to be tried in this order; likewise.
[[nodiscard]] std::span<const TaskStateBit> old_names() noexcept;
[[nodiscard]] std::span<const TaskStateBit> names() noexcept;

/// The state that bits mean: likewise.
[[nodiscard]] TaskState old_state(std::uint32_t bits) noexcept;
[[nodiscard]] TaskState state(std::uint32_t bits) noexcept;

inline constexpr std::uint32_t kReport = 0x7f;        // TASK_REPORT: bits that have a letter of their own
inline constexpr std::uint32_t kExit = 0x30;          // of exit_state
inline constexpr std::uint32_t kDead = 0x80;          // TASK_DEAD
inline constexpr std::uint32_t kIdle = 0x402;         // TASK_IDLE, TASK_UNINTERRUPTIBLE | TASK_NOLOAD
inline constexpr std::uint32_t kRtlockWait = 0x1000;  // TASK_RTLOCK_WAIT
inline constexpr std::uint32_t kFrozen = 0x8000;      // TASK_FROZEN

}  // namespace fathom::sched
