#pragma once

#include <fathom/base/time.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace fathom {

/// A tick that woke user space, and what it interrupted.
struct PerfTick {
  Timestamp time{};  ///< CLOCK_MONOTONIC, which is std::chrono::steady_clock's: when the kernel was at it
  unsigned cpu = 0;  ///< where
  int pid = 0;       ///< the process that ran there; 0 on an idle CPU
  int tid = 0;       ///< its thread; 0 on an idle CPU

  /// Equal in all fields.
  friend bool operator==(const PerfTick&, const PerfTick&) = default;
};

/// Something that ended a timer's ticks somewhere, or began them.
struct TimerChange {
  /// What happened.
  enum class What : std::uint8_t {
    cpu_went,       ///< `cpu` went down: from then on it has no slots
    cpu_came,       ///< `cpu` came up, and ticks: its grid begins now
    cpu_unwatched,  ///< `cpu` came up, and its event cannot be opened; tried again, and told once
    thread_ended,   ///< the thread `tid` has ended: there is nothing more to come of it
    throttled,      ///< the kernel held the ticks of `cpu` back (see PerfTimer): its grid begins anew
    limit_lowered,  ///< the kernel's highest rate is now `limit`, and this timer's is above it: it will be throttled
  };

  What what{};                           ///< what happened
  std::optional<unsigned> cpu{};         ///< on which CPU
  std::optional<int> tid{};              ///< to which thread
  std::optional<std::uint64_t> limit{};  ///< ticks a second

  /// Equal in all fields.
  friend bool operator==(const TimerChange&, const TimerChange&) = default;
};

/// What came since the last call of `PerfTimer::drain`. Plain values, but for the ticks: those are good until the next
/// call.
struct TimerBatch {
  std::span<const PerfTick> ticks{};   ///< by time; of a timer that runs a program, none
  std::uint64_t lost = 0;              ///< ticks that the rings had no room for
  std::vector<TimerChange> changes{};  ///< CPUs and threads that came and went

  /// Whether nothing happened at all.
  [[nodiscard]] bool empty() const noexcept { return ticks.empty() && lost == 0 && changes.empty(); }
};

}  // namespace fathom
