#pragma once

#include "cpu_follower.hpp"
#include "event_program.hpp"
#include "thread_watch.hpp"
#include "timer_event.hpp"
#include "wait_descriptor.hpp"

#include <fathom/base/parse_stats.hpp>
#include <fathom/base/time.hpp>
#include <fathom/base/unique_fd.hpp>
#include <fathom/perf/perf_timer.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace fathom::perf {

/// All events of a timer, from one start to the next stop.
class TimerEvents {
 public:
  /// What the events need, and which outlives them.
  struct Use {
    const PerfTimerOptions& options;
    Duration period;
    const EventProgram* program;  ///< null: they wake user space
    const WaitDescriptor& descriptor;
  };

  /// Opens them, disabled. Throws Error.
  explicit TimerEvents(const Use& use);

  void enable();
  void disable() noexcept;
  /// Takes them out of the descriptor, before they are closed.
  void leave() noexcept;

  /// Whether their clocks are those of CPUs.
  [[nodiscard]] bool on_cpus() const noexcept;
  /// How many grids there are.
  [[nodiscard]] std::size_t count() const noexcept { return events_.size(); }
  /// The slots of all grids up to now, those that went included.
  [[nodiscard]] Slots slots() const;
  [[nodiscard]] std::vector<PerfTimer::Grid> grids() const;
  /// The bytes that all rings hold.
  [[nodiscard]] std::size_t ring_bytes() const noexcept;
  /// Whether the program runs elsewhere too, as far as the kernel lists it. Throws Error.
  [[nodiscard]] bool program_has_other_links() const;

  /// What is found besides ticks.
  struct Found {
    std::uint64_t lost = 0;
    std::vector<TimerChange> changes{};
  };
  /// Adds what the rings hold to `ticks`, by time.
  void drain(std::vector<PerfTick>& ticks, ParseStats& stats, Found& found);
  /// Joins and leaves CPUs. Rings have to be drained before, for those of CPUs that went, and after.
  void follow_cpus(Found& found);
  /// Leaves threads that have ended; whether a CPU has gone, too. Rings have to be drained after.
  bool leave_ended(Found& found);

 private:
  void open(const Place& place);
  void watch(int tid);
  // Its slots stay.
  void retire(const TimerEvent& event);
  // Whether it is on CPUs that may go and come.
  [[nodiscard]] bool follows_cpus() const noexcept { return follower_.follows(); }

  Use use_;
  UniqueFd cgroup_;  // whose tasks are watched: for CPUs that come
  std::vector<TimerEvent> events_;
  std::vector<ThreadWatch> watches_;
  CpuFollower follower_;
  std::uint64_t retired_ = 0;  // slots of those that went
};

}  // namespace fathom::perf
