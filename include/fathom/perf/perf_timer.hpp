#pragma once

#include <fathom/base/parse_stats.hpp>
#include <fathom/base/time.hpp>
#include <fathom/base/timer_ticks.hpp>
#include <fathom/perf/perf_rate.hpp>
#include <fathom/perf/perf_scope.hpp>
#include <fathom/perf/timer_batch.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fathom {

/// A BPF program that a PerfTimer can run, such as PerfEventProgram: its descriptor, and how often it ran so far.
template <class Program>
concept TimerProgram = requires(const Program& program) {
  { program.native_handle() } -> std::convertible_to<int>;
  { program.run_count() } -> std::convertible_to<std::uint64_t>;
};

/// Who counts the ticks of a PerfTimer. The kernel has no count of its own.
enum class TickCounter : std::uint8_t {
  run_count,  ///< the program's `run_count()`, while the kernel keeps statistics of all BPF programs
  own,        ///< PerfTimerOptions::counter
  samples,    ///< those that `drain()` gave: there is no program
  nobody,     ///< PerfTimerOptions::count_runs is off, or the program runs elsewhere too
};

/// How a PerfTimer ticks.
struct PerfTimerOptions {
  TimerRate rate;               ///< 10 us to 365 days from tick to tick, and no more than the kernel allows
  PerfScope on = OnlineCpus{};  ///< whose time: that of CPUs, or the CPU time of threads, or of a cgroup on its CPUs
  bool exclude_idle = false;    ///< no ticks on an idle CPU: such slots are skipped
  bool exclude_kernel = false;  ///< no ticks that would interrupt the kernel: the same
  bool exclude_user = false;    ///< no ticks that would interrupt user space: the same
  bool start = true;            ///< begin at once, not with start()

  /// How often the program ran, by a counter of its own, for example `[map] { return sum_of(map); }`: in place of
  /// `run_count()`, and of the statistics that this needs. Is called by ticks(), start() and stop().
  std::function<std::uint64_t()> counter{};
  /// Whether `run_count()` is asked, if there is no `counter`.
  bool count_runs = true;

  /// Without a program: the size of each ring, in pages; a power of two. A page holds a hundred ticks, and all rings
  /// together count against `perf_event_mlock_kb` and RLIMIT_MEMLOCK where the program lacks CAP_IPC_LOCK.
  std::size_t ring_pages = 2;
  std::string sys = "/sys";    ///< where the online CPUs are looked up
  std::string proc = "/proc";  ///< where threads, and `sys/kernel/perf_event_*`, are looked up
};

/// Runs a BPF program, or wakes user space, each period or so many times a second: on each CPU of a set, or by the CPU
/// time of threads. A clock for sampling, which tells what it missed.
///
///     fathom::PerfTimer timer{bpf.program<fathom::PerfEventProgram>("tick"),
///                             {.rate = fathom::Hz{99}, .on = fathom::CpuSet::online()}};
///     ...
///     auto [expected, delivered, skipped] = timer.ticks();
///
///     fathom::PerfTimer clock{{.rate = 10ms, .on = fathom::PerfThread::self()}};   // or awaited, by AsyncReader
///     while (wait_readable(clock.native_handle()))
///       for (const fathom::PerfTick& tick : clock.drain().ticks) ...
///
/// **The grid.** One software event (PERF_COUNT_SW_CPU_CLOCK) on each CPU, or of each thread; each has a grid of its
/// own, start + n * period. A frequency is turned into a period once, as the kernel does. On a CPU it does not drift:
/// the kernel sets each tick by the one before, on CLOCK_MONOTONIC, and one that comes when its slot is over takes the
/// slot that it is in; those between are skipped, never made up for (kernel/events/core.c, perf_swevent_hrtimer). A
/// tick is skipped too where another BPF program was interrupted, and where the options exclude it. The period of a
/// thread, or of a cgroup on a CPU, is one of its CPU time: it stands still while that sleeps or waits, so that the
/// number of ticks is its CPU time by the period within some percent; each switch costs the clock a little. With
/// `follow`, each thread that is made has its own rest of a period, which ends with it.
///
/// **Counting.** `expected` is the sum over all grids; `delivered + skipped` is that, give or take one for each, and
/// exactly that once the timer was stopped. How often a program ran is only known while the kernel keeps its statistics
/// (BPF_ENABLE_STATS, Linux 5.8, CAP_SYS_ADMIN), which costs all BPF programs of the system some tens of nanoseconds a
/// run; it is so while the timer runs, and no sysctl is changed. Or give a `counter`, or ask for none. A program whose
/// runs are not all this timer's is refused (EBUSY), and if it is attached elsewhere later, ticks() throws in place of
/// a wrong answer: known by the kernel's list of BPF links, which all attach by since Linux 5.15. What an older program
/// or kernel attached by ioctl(2) is on no list.
///
/// **Throttling.** More ticks between two scheduler ticks of a CPU than kernel.perf_event_max_sample_rate / HZ, and the
/// kernel holds them back up to the next scheduler tick. So a rate above the limit is refused, and where the kernel
/// lowers the limit later (`perf_cpu_time_max_percent`), drain() tells. But a CPU that is idle for long has no
/// scheduler ticks: at a limit of 100,000 and HZ 250 it is held back after 400 ticks of an idleness that nothing ended,
/// at whatever rate. The descriptor is readable then (whatever a program that does not return 0 lets through makes it
/// readable too), and the next drain() or ticks() lets the CPU go on at once, with a new grid; what came between is
/// skipped. Where nobody waits and nobody asks, that may be long. Each is told as a change.
///
/// **CPUs that go and come.** A CPU that goes down has no slots from then on, one that comes has a grid of its own from
/// then on; `OnlineCpus` joins each that comes, a set those of the set that come back, a cgroup as it says which CPUs
/// are its. drain() looks once a second, also of a timer that runs a program: call it now and then, or await it.
///
/// Which timer to take: this one for sampling what runs, in hard interrupt context, with the registers and the stack
/// that were interrupted, on every CPU or in a thread alone. BpfTimer for work that is about time, in softirq context,
/// on one CPU, and where the kernel must not be asked for statistics.
///
/// **Descriptors.** Two, one for the statistics, and for each event of a program two (before Linux 5.15 one), else one.
/// Events are one for each CPU; of a cgroup the same, one more each, to see the CPU go, and its folder; of threads one
/// for each, and one more each for its end. But a timer without a program that follows (as a PerfProcess does unless
/// told otherwise) has an event, with a ring, for each thread on each CPU: the kernel maps no ring for children on all
/// CPUs.
///
/// Move-only; one that was moved from does not run and cannot be started. All members are safe from several threads,
/// but for what drain() gave. It owns its descriptors, and holds the program, till it is stopped or destroyed; a forked
/// child that destroys or stops its copy leaves it as it is. Touches /sys/devices/system/cpu/online,
/// /proc/sys/kernel/perf_event_max_sample_rate, and /proc/PID/task for a PerfProcess. Needs CAP_PERFMON (before Linux
/// 5.8: CAP_SYS_ADMIN), or `kernel.perf_event_paranoid` at most 0 for CPUs and 1 for threads (2 with
/// `exclude_kernel`); for a program CAP_PERFMON anyway. Linux 4.9.
class PerfTimer {
 public:
  /// Runs `program` with each tick, a copy of which is kept for its `run_count()`. Throws Error: EINVAL for a rate that
  /// cannot be (the hint names what bounds it), or what is no program of SEC("perf_event"); EACCES or EPERM without the
  /// rights; ENODEV for a CPU that is offline; ESRCH for a thread that is gone; EBUSY for a program that runs
  /// elsewhere; EMFILE: see above how many it takes.
  template <TimerProgram Program>
  PerfTimer(Program program, const PerfTimerOptions& options) : PerfTimer(handle_of(std::move(program)), options) {}
  /// Wakes user space with each tick: `native_handle()` is readable, and `drain()` tells. Throws the same; EPERM also
  /// for rings that need more memory than may be locked.
  explicit PerfTimer(const PerfTimerOptions& options);
  PerfTimer(PerfTimer&& other) noexcept;
  PerfTimer& operator=(PerfTimer&& other) noexcept;
  PerfTimer(const PerfTimer&) = delete;
  PerfTimer& operator=(const PerfTimer&) = delete;
  /// Stops it.
  ~PerfTimer();

  /// From tick to tick, in nanoseconds: that of Hz{99} is 10,101,010.
  [[nodiscard]] Duration period() const noexcept;
  /// Whether it was started and not stopped.
  [[nodiscard]] bool running() const noexcept;
  /// Ticks from now on: the first is a period away, and counting begins at 0. Does nothing if it runs. Throws as the
  /// constructor does.
  void start();
  /// Ends the ticks: afterwards the program is not run any more. Does nothing if it does not run. What it did stays to
  /// be asked for by ticks(), and what is in the rings to be drained.
  void stop();
  /// What came of the ticks since the last start, up to now; without a program, up to the last drain(), and a tick that
  /// was lost counts as skipped. Throws Error: ENODATA if nobody counts, or the program runs elsewhere too.
  [[nodiscard]] TimerTicks ticks() const;
  /// Who counts. TickCounter::nobody after ticks() had to throw.
  [[nodiscard]] TickCounter counter() const noexcept;

  /// Readable when drain() has something to give, or to look after: an epoll descriptor, owned here.
  [[nodiscard]] int native_handle() const noexcept;
  /// Waits until native_handle() is readable, so long at most: for a thread that waits for nothing else, which it costs
  /// less than poll(2) of that descriptor. False if the time was over, or a signal came. One that was moved from throws
  /// Error (EBADF).
  [[nodiscard]] bool wait(Duration timeout) const;
  /// What came since the last call; once a second, and never more often, it also joins the CPUs that came up and leaves
  /// those that went. Never waits. After each time that the descriptor was readable, and once after it was added to an
  /// epoll set: the kernel tells of a tick once. One that was stopped or moved from gives what is left, or nothing.
  [[nodiscard]] TimerBatch drain();

  /// Where and since when it ticks.
  struct Grid {
    unsigned cpu = 0;   ///< on which CPU
    Timestamp start{};  ///< CLOCK_MONOTONIC: slot n begins at this + n * period; never late, and early by microseconds
  };
  /// The grids of the CPUs that tick now; of threads, none: their clocks are not ours.
  [[nodiscard]] std::vector<Grid> grids() const;
  /// What was made of the records in the rings, in all calls of drain(); all zero for a timer that runs a program.
  [[nodiscard]] ParseStats stats() const;

 private:
  struct State;
  struct Handle {
    int program = -1;
    std::function<std::uint64_t()> run_count;
  };

  template <class Program>
  static Handle handle_of(Program program) {
    const auto kept = std::make_shared<const Program>(std::move(program));
    return {.program = kept->native_handle(), .run_count = [kept]() -> std::uint64_t { return kept->run_count(); }};
  }
  PerfTimer(Handle program, const PerfTimerOptions& options);
  [[nodiscard]] State& state() const;

  std::unique_ptr<State> state_;
};

}  // namespace fathom
