#pragma once

#include <fathom/base/time.hpp>
#include <fathom/profile/profile.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace fathom {

/// Whom to watch, and how much memory it may take.
struct OffCpuOptions {
  std::optional<int> pid{};  ///< a process with all its threads; absent for the whole machine
  /// In place of `pid`, the tasks of a cgroup of version 2, and of those below it: its folder. A task belongs to it, or
  /// not, when it leaves its CPU.
  std::string cgroup{};
  bool follow_children = true;  ///< of `pid`, also the processes that it makes from now on, and those that these make
  bool kernel_stacks = true;    ///< where in the kernel it waits
  bool user_stacks = true;      ///< and how it came there
  /// Distinct stacks that are kept, each 2 KiB of the kernel's memory.
  std::uint32_t max_stacks = 8192;
  /// Distinct threads, and distinct sums (of thread, state and stack), about 100 bytes each.
  std::uint32_t max_threads = 8192;
  std::uint32_t max_entries = 32768;    ///< distinct sums
  std::uint32_t max_processes = 4096;   ///< of those that are followed
  std::size_t mapping_ring_pages = 64;  ///< for the files that processes map; each CPU has a ring; a power of two
  /// Mappings, and processes that began or ended, about 250 bytes each, that drain() lets gather before it looks up the
  /// stacks so far in them and lets them go; or twice as many as there are sums, if that is more.
  std::size_t max_mappings = std::size_t{1} << 14U;
  std::string proc = "/proc";  ///< where procfs is mounted
  std::string sys = "/sys";    ///< where the online CPUs are looked up
};

/// Finds where tasks wait: the time from each switch away from a task to the switch back, by stack and state.
///
///     OffCpuProfiler profiler({.pid = child.pid()});       // a held Child: from its first instruction on
///     child.resume();
///     while (!child.try_wait()) { profiler.drain(); sleep(1s); }
///     const Profile profile = profiler.stop();
///     for (const ProfileEntry& entry : profile.entries) print(entry.task, entry.state->raw, entry.time);
///
/// BPF programs at sched_switch, sched_wakeup and sched_process_fork add up in the kernel, so nothing is lost to a
/// reader that is slow; tables that are full are counted. A stack is taken when the task leaves. `waiting` is the time
/// from the wake-up to the CPU; of a task that was preempted, all of it. Threads that are off CPU at the end are told
/// as unfinished with the time so far; those that were off CPU before the profile began are counted when they come
/// back, and no time is made up for them. The idle tasks are left out.
///
/// Memory is bounded, however long it runs and however many processes come and go meanwhile: beside the tables, which
/// are the kernel's, there are up to 3 KiB for each sum and thread, `max_mappings`, and the mappings of the processes
/// that live. What a process mapped is known to the stacks that it left, also when it has ended since.
///
/// The kernel's part of a stack begins with the tracepoint itself, below `__schedule`; name_profile() leaves that out.
///
/// Costs each switch of a watched task about the time of reading its two stacks, 1 to 3 us, and every other switch a
/// look-up. Move-only; one that was moved from throws Error (EBADF), and its native_handle() is -1. For one thread at a
/// time. What it made in the kernel goes with it; a forked child must not use it, and may destroy it. Touches
/// PROC/PID/maps, PROC/PID/map_files, and /sys/kernel/btf/vmlinux. Needs CAP_BPF and CAP_PERFMON, for mappings of
/// others also CAP_SYS_PTRACE. Linux 5.8, with BTF (CONFIG_DEBUG_INFO_BTF).
class OffCpuProfiler {
 public:
  /// Begins. Throws Error (ESRCH: there is no such process; EPERM or EACCES: no rights; EINVAL: a size is 0, `pid` is a
  /// thread that did not begin its process, or there is a cgroup too) or BpfError (also: there is no such cgroup).
  explicit OffCpuProfiler(const OffCpuOptions& options = {});
  OffCpuProfiler(OffCpuProfiler&& other) noexcept;
  OffCpuProfiler& operator=(OffCpuProfiler&& other) noexcept;
  OffCpuProfiler(const OffCpuProfiler&) = delete;
  OffCpuProfiler& operator=(const OffCpuProfiler&) = delete;
  ~OffCpuProfiler();

  /// Reads what processes mapped meanwhile: to be called every now and then, or where native_handle() is readable, lest
  /// its rings fill up, which Profile::counts tells. They hold some ten thousand mappings. Never waits; takes some 10
  /// ms where it looks up ten thousand stacks (OffCpuOptions::max_mappings).
  void drain();
  /// Readable when processes mapped files: an epoll descriptor, owned here.
  [[nodiscard]] int native_handle() const noexcept;
  /// Ends it, and gives what was gathered. Throws Error (EINVAL) if it was stopped before.
  [[nodiscard]] Profile stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fathom
