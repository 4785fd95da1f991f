#pragma once

#include <chrono>
#include <stop_token>
#include <thread>

namespace examples {

/// Keeps one CPU busy for a share of the time: a thread that is bound to it computes for `share` of each period, and
/// sleeps for the rest. The period is no multiple of any kernel's tick (1, 3.3, 4 or 10 ms), so that what looks at the
/// CPU by ticks does not always find it in the same part.
class CpuLoad {
 public:
  /// `share` from 0 to 1; 0 starts no thread. Throws fathom::Error if the CPU cannot be had.
  CpuLoad(unsigned cpu, double share, std::chrono::nanoseconds period = std::chrono::microseconds(17'390));
  /// Stops it.
  ~CpuLoad() = default;
  CpuLoad(const CpuLoad&) = delete;
  CpuLoad& operator=(const CpuLoad&) = delete;

  /// The thread's id; 0 if there is none.
  [[nodiscard]] int tid() const noexcept { return tid_; }
  /// What the thread has had of its CPU so far, by its own clock.
  [[nodiscard]] std::chrono::nanoseconds cpu_time() const;

 private:
  int tid_ = 0;
  std::jthread thread_;
};

}  // namespace examples
