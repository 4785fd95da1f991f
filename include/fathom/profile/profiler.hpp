#pragma once

#include <fathom/perf/perf_rate.hpp>
#include <fathom/perf/perf_scope.hpp>
#include <fathom/profile/profile.hpp>

#include <cstddef>
#include <memory>
#include <string>

namespace fathom {

/// How often whom, and how much memory it may take.
struct ProfilerOptions {
  TimerRate rate = Hz{999};  ///< not a divisor of the scheduler's tick, lest what runs by that is met always or never
  PerfScope on = OnlineCpus{};                      ///< the machine, or the CPU time of threads, a process, a cgroup
  bool kernel_stacks = true;                        ///< where in the kernel it was
  bool user_stacks = true;                          ///< and where in the process
  bool idle = false;                                ///< keep the ticks of idle CPUs too, in place of counting them
  std::size_t ring_bytes = std::size_t{4} << 20U;   ///< for samples between two calls of drain(); a power of two
  std::size_t max_entries = std::size_t{1} << 18U;  ///< distinct stacks that are kept, each of 100 to 3,000 bytes
  std::size_t mapping_ring_pages = 64;  ///< for the files that processes map; each CPU has a ring; a power of two
  std::string proc = "/proc";           ///< where procfs is mounted
  std::string sys = "/sys";             ///< where the online CPUs are looked up
};

/// Finds where CPU time goes: the stack of whom a timer interrupts, kernel's and user's, so many times a second.
///
///     Profiler profiler({.on = PerfThread{child.pid(), PerfFollow::children}});    // a held Child
///     child.resume();
///     while (!child.try_wait()) { wait_readable(profiler.native_handle(), 1s); profiler.drain(); }
///     const Profile profile = profiler.stop();
///     const NamedProfile named = name_profile(profile, names);
///     write_folded(std::cout, named.folded());
///
/// A PerfTimer runs a BPF program at each tick, which writes stack and task into a ring; what processes map comes by
/// perf events, and both are put in order of time. So an address belongs to the file that was mapped there at that
/// moment, also if its process has ended since, or has become another program. What was mapped before the profile began
/// is read from PROC/PID/maps. The kernel walks user stacks by frame pointers: code without them gives its innermost
/// function, and few or wrong callers. CPUs that come up meanwhile are sampled, and what is mapped on them is told:
/// from the next look for them on, which drain() takes once a second.
///
/// Each tick is accounted for: it is a sample, an idle one, or lost (Profile::counts); slots of the timer without a
/// tick are in Profile::ticks.
///
/// Move-only; one that was moved from throws Error (EBADF), and its native_handle() is -1. For one thread at a time.
/// What it made in the kernel goes with it; a forked child must not use it, and may destroy it. Touches PROC/PID/maps,
/// PROC/PID/map_files and what PerfTimer does. Needs CAP_BPF and CAP_PERFMON, for mappings of others also
/// CAP_SYS_PTRACE. Linux 5.8; before 5.12 build ids are read from the files, if these are still there at the first
/// sample in them.
class Profiler {
 public:
  /// Begins. Throws Error (ESRCH: there is no such thread; EINVAL: a rate or size that cannot be, the hint
  /// names the sysctl; EPERM or EACCES: no rights) or BpfError.
  explicit Profiler(const ProfilerOptions& options = {});
  Profiler(Profiler&& other) noexcept;
  Profiler& operator=(Profiler&& other) noexcept;
  Profiler(const Profiler&) = delete;
  Profiler& operator=(const Profiler&) = delete;
  ~Profiler();

  /// Takes in what came: to be called where native_handle() is readable, and now and then anyway, lest the rings fill
  /// up. A ring of 4 MiB holds 4,000 samples or more. Never waits.
  void drain();
  /// Readable when a ring is half full, and about once a second to look for CPUs that came: an epoll descriptor, owned
  /// here.
  [[nodiscard]] int native_handle() const noexcept;
  /// Ends it, and gives what was gathered. Throws Error (EINVAL) if it was stopped before.
  [[nodiscard]] Profile stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fathom
