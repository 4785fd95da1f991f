#pragma once

#include <fathom/base/cpu_set.hpp>
#include <fathom/perf/perf_count.hpp>
#include <fathom/perf/perf_event.hpp>
#include <fathom/perf/perf_scope.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace fathom {

/// From when on an event counts.
enum class PerfStart : std::uint8_t {
  at_once,   ///< as soon as it is open
  disabled,  ///< from `enable()` on
  on_exec,   ///< from the next exec(2) of the watched thread on: of a Child that is held, exactly its command
};

/// How to count.
struct PerfCounterOptions {
  PerfStart start = PerfStart::at_once;  ///< from when on
  std::string sys = "/sys";              ///< where the online CPUs are looked up
  std::string proc = "/proc";            ///< where a process' threads are looked up, and the limits that an error names
};

/// What one part of a scope came to.
struct PerfPlaceCounts {
  std::optional<unsigned> cpu{};  ///< on this CPU; absent where a thread is watched wherever it runs
  std::optional<int> tid{};       ///< of this thread and whom it made; absent for all tasks
  std::vector<PerfCount> counts;  ///< by event, in the order in which they were given
};

/// Counts several events together: all of them at the same moments, and read in one system call.
///
///     PerfCounterGroup group{{"task-clock", "context-switches", "page-faults"}};   // of the calling thread
///     work();
///     const std::vector<PerfCount> counts = group.read();
///     std::cout << counts[1].value << " switches in " << counts[0].value << " ns\n";
///
/// Events of a PMU are put on it all or none, so that their ratios are true. The first event leads: a software event
/// may lead events of a PMU, but one of a PMU may not lead those of another (EINVAL). A PMU's group that is larger than
/// it has counters never runs.
///
/// Of a scope with several CPUs or threads there is a group for each, and `read` adds these up. The CPUs of OnlineCpus
/// are those that are online when this is made; later ones are not joined: see `gone_cpus`.
///
/// Children that follow are in the sums as long as they live and after; a group that is inherited is read since Linux
/// 4.13 (commit ba5213ae6b88).
///
/// Move-only. read, read_into and read_places are safe from several threads at a time, the rest is not. A forked child
/// has the descriptors too, and counts nothing by them. Kernel files: see PerfCounterOptions; for the rights see
/// PerfScope.
class PerfCounterGroup {
 public:
  /// Counts them. Throws Error: EACCES or EPERM without the rights, with what perf_event_paranoid would have to be;
  /// ENOENT where no PMU has the event, with those that always work; ENODEV for a CPU that is not online; ESRCH for a
  /// thread that is gone; EMFILE; ENOSPC where breakpoints are all in use; EINVAL for events that cannot be one group,
  /// for none, and for on_exec with CPUs.
  explicit PerfCounterGroup(const std::vector<PerfEvent>& events, const PerfScope& scope = PerfThread::self(),
                            const PerfCounterOptions& options = {});
  ~PerfCounterGroup();
  PerfCounterGroup(PerfCounterGroup&& other) noexcept;
  PerfCounterGroup& operator=(PerfCounterGroup&& other) noexcept;
  PerfCounterGroup(const PerfCounterGroup&) = delete;
  PerfCounterGroup& operator=(const PerfCounterGroup&) = delete;

  /// How many events.
  [[nodiscard]] std::size_t size() const noexcept;
  /// What each came to, since it was opened or since `reset`, all places added up; in the order in which they were
  /// given. A CPU that went down, and a thread that ended, keep what they had. Throws Error.
  [[nodiscard]] std::vector<PerfCount> read() const;
  /// The same, into `counts`, of which there are `size()`: allocates nothing with up to eight events.
  void read_into(std::span<PerfCount> counts) const;
  /// The same, place by place.
  [[nodiscard]] std::vector<PerfPlaceCounts> read_places() const;

  /// Counts from nothing again: counts and times. Done by subtraction, since the kernel's own reset leaves the times as
  /// they are, and the counts of children that have ended (kernel/events/core.c, _perf_event_reset).
  void reset();
  /// Counts, or goes on counting.
  void enable();
  /// Counts no more, until `enable`.
  void disable();

  /// The CPUs of the scope on which nothing is counted any more, since they are down or were meanwhile: the kernel
  /// takes a CPU's events off for good when it goes. What they had counted stays in the sums. Asks each CPU, and waits
  /// 50 ms where one does not answer. Empty while disabled, and for threads.
  [[nodiscard]] CpuSet gone_cpus() const;

  /// The descriptor of the first event at the first place, owned here: for ioctl(2) and BPF.
  [[nodiscard]] int native_handle() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fathom
