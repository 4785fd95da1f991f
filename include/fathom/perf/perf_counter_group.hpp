#pragma once

#include <fathom/base/cpu_set.hpp>
#include <fathom/perf/perf_count.hpp>
#include <fathom/perf/perf_cpu_change.hpp>
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
/// Of a scope with several CPUs or threads there is a group for each, and `read` adds these up.
///
/// **CPUs that go and come.** What a CPU that goes down had counted stays in the sums, which never fall. The kernel
/// takes its events off for good, so one that comes is counted from the next `follow_cpus` on: `OnlineCpus` joins each
/// that comes, a set those of the set that come back, a cgroup as it says which CPUs are its. Nothing else
/// looks, so call it now and then, once a second for example.
///
/// Children that follow are in the sums as long as they live and after; a group that is inherited is read since Linux
/// 4.13 (commit ba5213ae6b88).
///
/// Move-only; one that was moved from throws Error (EBADF). read, read_into and read_places are safe from several
/// threads at a time, the rest is not, nor beside them. A forked child has the descriptors too, and counts nothing by
/// them: its enable, disable and reset would be the parent's. Kernel files: see PerfCounterOptions; for the rights see
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
  /// given. A CPU that went down, and a thread that ended, keep what they had: the sums never fall. Throws Error.
  [[nodiscard]] std::vector<PerfCount> read() const;
  /// The same, into `counts`, of which there are `size()`: allocates nothing with up to eight events.
  void read_into(std::span<PerfCount> counts) const;
  /// The same, place by place; CPUs that were joined later come last, and one that came back goes on with what it had.
  [[nodiscard]] std::vector<PerfPlaceCounts> read_places() const;

  /// Counts from nothing again: counts and times. Done by subtraction, since the kernel's own reset leaves the times as
  /// they are, and the counts of children that have ended (kernel/events/core.c, _perf_event_reset).
  void reset();
  /// Counts, or goes on counting.
  void enable();
  /// Counts no more, until `enable`.
  void disable();

  /// Leaves the CPUs that went, even if they came back meanwhile, and joins those that came: see above. Tells which;
  /// what it joins counts if the rest does. Asks each CPU, and waits 100 ms where one does not answer; while disabled,
  /// those that went and came back are not found. Nothing for threads. Throws Error where what a CPU had
  /// counted cannot be read.
  std::vector<PerfCpuChange> follow_cpus();
  /// The CPUs on which nothing is counted now, though it was: they are down, or were and have not been joined since.
  /// Asks as `follow_cpus` does. Empty for threads, and while disabled but for those that were left.
  [[nodiscard]] CpuSet gone_cpus() const;

  /// The descriptor of the first event at the first place, owned here: for ioctl(2) and BPF. -1 where all CPUs have
  /// been left.
  [[nodiscard]] int native_handle() const noexcept;

 private:
  struct State;
  [[nodiscard]] State& state() const;

  std::unique_ptr<State> state_;
};

}  // namespace fathom
