#pragma once

#include <fathom/base/cpu_set.hpp>
#include <fathom/base/time.hpp>
#include <fathom/perf/perf_rate.hpp>
#include <fathom/sched/idle_accounting.hpp>
#include <fathom/sched/proc_stat.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fathom {

/// What a LiveIdle watches.
struct LiveIdleOptions {
  bool interrupts = true;                ///< show interrupts apart: two events more for each of them
  bool idle_states = true;               ///< and the states of the cpuidle driver: two events more for each idle period
  std::optional<Hz> sampling = Hz{199};  ///< how often the timers look, or not at all
  std::uint32_t max_tasks = 8192;        ///< pairs of a CPU and a task whose time is kept; a take() frees ended tasks
  std::string proc = "/proc";            ///< where `stat` is
  std::string sys = "/sys";              ///< where the CPUs are
};

/// What a LiveIdle knew at one time. A plain value, to be compared with a later one by LiveIdle::between().
struct IdleSnapshot {
  /// One CPU.
  struct Cpu {
    std::optional<CpuIdleTime> switches{};     ///< since it is known; `from` and `to` on CLOCK_MONOTONIC
    std::map<std::int32_t, TaskTime> tasks{};  ///< by pid, since it is known
    std::uint64_t ticks = 0;                   ///< of the timer
    std::uint64_t busy_ticks = 0;              ///< of the timer that leaves an idle CPU out
    std::optional<CpuTicks> stat{};            ///< its line of /proc/stat
    std::uint64_t hotplugs = 0;                ///< its steps of going and coming, so far
  };

  Timestamp time{};                     ///< CLOCK_MONOTONIC, when it was begun
  std::map<std::uint32_t, Cpu> cpus{};  ///< those that were online, and not about to go or just coming
  Duration unnamed{0};                  ///< tasks' time beyond `max_tasks`, so far
};

/// What one CPU did between two snapshots, in three ways that check each other.
struct LiveCpuIdle {
  std::uint32_t cpu = 0;  ///< which one
  Duration window{0};     ///< between the snapshots
  bool was_down = false;  ///< it was not online all the time: it is not known what it did, and nothing else is told

  /// By sched_switch: exact. Unlike in a recording, `from` and `to` are those of this CPU, which is looked at a little
  /// after the one before; `tasks` are read a moment later still, so that they add up to `busy` as of then.
  std::optional<CpuIdleTime> switches{};

  /// By sampling: slots that went by, and those of them that found the CPU busy.
  std::uint64_t slots = 0;
  std::uint64_t ticks = 0;       ///< of the timer that looks always
  std::uint64_t busy_ticks = 0;  ///< of the timer that leaves an idle CPU out

  /// By /proc/stat: what was counted, and how long a tick is.
  std::optional<CpuTicks> stat{};
  Duration tick{0};

  /// Swapper's share of the window, by sched_switch, interrupts included. Absent where over a hundredth of the window
  /// is `unknown`: some kernels do not tell each switch (those of guests may keep some of their host's helpers to
  /// themselves). Such a one is found by the next event of any kind, an interrupt or a tick of `sampling` too, that
  /// finds a task on the CPU that had not come; the time since the last event that agreed is unknown then.
  [[nodiscard]] std::optional<double> by_switches() const noexcept;
  /// The same by sampling: of the ticks, those that the other timer had not. Absent where fewer than nine of ten slots
  /// had a tick: what the CPU did in the others is not known. So it is where the kernel holds the timer of a CPU back
  /// that is idle for seconds on end (see PerfTimer), where a host parks an idle CPU with its timers, and where an
  /// emulator is starved.
  [[nodiscard]] std::optional<double> by_samples() const noexcept;
  /// The same by /proc/stat: idle and iowait, of the window. Not of all that was counted: the kernel measures idle
  /// time, and counts the rest by its ticks, some of which a guest may not get. Its measure begins some microseconds
  /// after swapper comes and ends some before it goes, which is percents where a CPU idles 20,000 times a second.
  [[nodiscard]] std::optional<double> by_stat() const noexcept;
};

/// How idle each CPU of this machine is, over any window, and who keeps it busy: by sched_switch, by timers and by
/// /proc/stat side by side.
///
///     LiveIdle live;
///     const IdleSnapshot before = live.take();
///     std::this_thread::sleep_for(1s);
///     const IdleSnapshot after = live.take();
///     for (const LiveCpuIdle& cpu : live.between(before, after)) {
///       if (const auto idle = cpu.by_switches())  // likewise by_samples(), by_stat(): each may be absent
///         std::cout << cpu.cpu << ' ' << 100 * *idle << " %\n";
///     }
///
/// The switches are added up in the kernel (bpf/cpu_idle.bpf.c), so that nothing can be lost: each CPU's swapper is
/// pid 0, and its time is what swapper had. take() runs a program on each CPU, which interrupts it, and so ends the
/// stretch that it is in. The timers are two PerfTimers, one of which leaves an idle CPU out (exclude_idle): the slots
/// in which it did not tick are idle. /proc/stat is the kernel's own account; its idle and iowait together are what the
/// others see, since iowait is idle time while some task waits for a disk.
///
/// They differ in what they can know. Interrupts that come while swapper runs are swapper's to sched_switch and to the
/// timers; LiveIdle shows them apart, as /proc/stat does on kernels that account for them (irq, softirq). Time that a
/// host takes from this machine is in whatever was interrupted, and only /proc/stat tells it (steal). A timer is a
/// sample: over n slots its standard error is sqrt(p (1 - p) / n), and load in step with it is seen wrongly.
///
/// Holds up to 23 links of programs, and four descriptors a CPU for the timers; lets go of all when it is destroyed.
/// Costs some 100 ns a switch and an interrupt on each CPU. One that was moved from throws Error (EBADF). Not safe to
/// share between threads while one takes; between() is. Touches /proc/stat and /sys/devices/system/cpu/online. Needs
/// Linux 5.12 (programs that exchange a word atomically) with BTF, and CAP_BPF with CAP_PERFMON, or root.
class LiveIdle {
 public:
  /// Begins to watch. Throws Error: what BpfObject and PerfTimer throw.
  explicit LiveIdle(const LiveIdleOptions& options = {});
  LiveIdle(LiveIdle&&) noexcept;
  LiveIdle& operator=(LiveIdle&&) noexcept;
  LiveIdle(const LiveIdle&) = delete;
  LiveIdle& operator=(const LiveIdle&) = delete;
  ~LiveIdle();

  /// What is known now. Throws Error where /proc/stat cannot be read.
  [[nodiscard]] IdleSnapshot take();
  /// What each CPU did between two of its snapshots; CPUs that were online at neither end are left out. Throws Error
  /// (std::errc::invalid_argument) if the later one is named first.
  [[nodiscard]] std::vector<LiveCpuIdle> between(const IdleSnapshot& earlier, const IdleSnapshot& later) const;

  /// The events by which interrupts are seen here: on machines other than x86 those of irq_handler_* and softirq_*.
  [[nodiscard]] const std::vector<std::string>& interrupt_events() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fathom
