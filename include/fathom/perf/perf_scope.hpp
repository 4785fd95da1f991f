#pragma once

#include <fathom/base/cpu_set.hpp>

#include <cstdint>
#include <string>
#include <variant>

namespace fathom {

/// Who is watched besides the threads that are there when an event is opened. `threads` is since Linux 5.13 (commit
/// 2b26f0aa004995f49f7b6f4100dd0e4c39a9ed5f).
enum class PerfFollow : std::uint8_t {
  nobody,    ///< these threads only
  threads,   ///< the threads that they make from now on, and those of these, all of the same process
  children,  ///< threads and processes that they make from now on, and all that come from these
};

/// One thread, wherever it runs. Time is counted while it runs, not while it sleeps.
///
///     PerfScope scope = PerfThread::self();
///     PerfScope other = PerfThread{tid};
///     PerfScope command = PerfThread{child.pid(), PerfFollow::children};  // a Child that is held has one thread
struct PerfThread {
  int tid = 0;                             ///< its number, as gettid(2) gives it
  PerfFollow follow = PerfFollow::nobody;  ///< whom it makes

  /// The thread that calls this. Throws nothing.
  [[nodiscard]] static PerfThread self(PerfFollow follow = PerfFollow::nobody) noexcept;
  /// Equal in all fields.
  friend bool operator==(const PerfThread&, const PerfThread&) = default;
};

/// A process: each thread that it has when the event is opened, as /proc lists them, and by default whatever these make
/// from then on.
///
///     PerfScope scope = PerfProcess{pid};
///
/// Children and threads that were there before are not followed: threads are watched since they are listed, children
/// are not.
struct PerfProcess {
  int pid = 0;                               ///< its number, as getpid(2) gives it
  PerfFollow follow = PerfFollow::children;  ///< whom its threads make

  /// The process that calls this. Throws nothing.
  [[nodiscard]] static PerfProcess self(PerfFollow follow = PerfFollow::children) noexcept;
  /// Equal in all fields.
  friend bool operator==(const PerfProcess&, const PerfProcess&) = default;
};

/// Every CPU that is online. What watches them tells whether CPUs that come later are joined.
struct OnlineCpus {
  friend bool operator==(OnlineCpus, OnlineCpus) = default;
};

/// CPUs: those that are online, or those of a set.
///
///     PerfCpus cpus = CpuSet{0, 2};
using PerfCpus = std::variant<OnlineCpus, CpuSet>;

/// The tasks of a cgroup and of those below it, on CPUs.
///
///     PerfScope scope = PerfCgroup{"/sys/fs/cgroup/app.slice"};
///
/// `path` is its folder: of version 2, or in the hierarchy of the controller perf_event of version 1. An event of a
/// cgroup belongs to a CPU, so there is one on each. Needs a kernel with CONFIG_CGROUP_PERF.
struct PerfCgroup {
  std::string path{};  ///< its folder
  PerfCpus cpus{};     ///< on which CPUs

  /// Equal in all fields.
  friend bool operator==(const PerfCgroup&, const PerfCgroup&) = default;
};

/// Whom a perf event watches, in place of perf_event_open(2)'s pid, cpu, flags and bits of inheritance.
///
///     PerfScope scope = PerfThread::self();
///     scope = CpuSet::online();
///     scope = OnlineCpus{};
///
/// A plain value; to make one touches nothing and needs no rights. To watch threads of the same user takes
/// `kernel.perf_event_paranoid` of at most 1, without the kernel (exclude_kernel) 2, CPUs and cgroups at most 0, raw
/// data of tracepoints -1; or CAP_PERFMON (before Linux 5.8: CAP_SYS_ADMIN).
using PerfScope = std::variant<PerfThread, PerfProcess, OnlineCpus, CpuSet, PerfCgroup>;

}  // namespace fathom
