#pragma once

#include <fathom/perf/perf_counter_group.hpp>

#include <cstddef>
#include <vector>

namespace fathom {

/// Counts one event.
///
///     PerfCounter faults{"page-faults"};                       // of the calling thread, from now on
///     work();
///     std::cout << faults.read().value << '\n';
///
///     PerfCounter switches{"sched:sched_switch", OnlineCpus{}};
///     Child child{{"make"}};
///     PerfCounter clock{"task-clock", PerfThread{child.pid(), PerfFollow::children}, {.start = PerfStart::on_exec}};
///
/// What PerfCounterGroup says of lifetimes, threads, CPUs that go, rights and errors holds here.
class PerfCounter {
 public:
  /// Counts it. Throws as PerfCounterGroup does.
  explicit PerfCounter(const PerfEvent& event, const PerfScope& scope = PerfThread::self(),
                       const PerfCounterOptions& options = {})
      : group_({event}, scope, options) {}

  /// What it came to, all places added up. Allocates nothing.
  [[nodiscard]] PerfCount read() const {
    PerfCount count;
    group_.read_into({&count, 1});
    return count;
  }
  /// The same, place by place, with one count each.
  [[nodiscard]] std::vector<PerfPlaceCounts> read_places() const { return group_.read_places(); }
  /// Counts from nothing again: count and times.
  void reset() { group_.reset(); }
  /// Counts, or goes on counting.
  void enable() { group_.enable(); }
  /// Counts no more, until `enable`.
  void disable() { group_.disable(); }
  /// Leaves the CPUs that went, and joins those that came: see PerfCounterGroup.
  std::vector<PerfCpuChange> follow_cpus() { return group_.follow_cpus(); }
  /// The CPUs on which nothing is counted now, though it was.
  [[nodiscard]] CpuSet gone_cpus() const { return group_.gone_cpus(); }
  /// The descriptor of the event at the first place, owned here: for ioctl(2) and BPF.
  [[nodiscard]] int native_handle() const noexcept { return group_.native_handle(); }

 private:
  PerfCounterGroup group_;
};

}  // namespace fathom
