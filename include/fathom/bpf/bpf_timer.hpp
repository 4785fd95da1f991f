#pragma once

#include <fathom/base/time.hpp>
#include <fathom/base/timer_ticks.hpp>
#include <fathom/bpf/bpf_names.hpp>
#include <fathom/bpf/bpf_types.hpp>
#include <fathom/bpf/loaded_bpf.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace fathom {

/// How a BpfTimer ticks.
struct BpfTimerOptions {
  Duration period{};              ///< from tick to tick: 10 microseconds at least, 365 days at most
  std::optional<unsigned> cpu{};  ///< the CPU to tick on; without it, where the kernel likes. Linux 6.7
};

/// A function of a BPF object that the kernel calls every period: a `bpf_timer`, which FATHOM_TIMER of `timer.bpf.h`
/// declares in the object.
///
///     // sampler.bpf.c
///     static void on_sample(const struct fathom_tick* tick) { ... }
///     FATHOM_TIMER(sample, on_sample);
///
///     // C++
///     fathom::BpfTimer timer(bpf, sampler::sample, {.period = 10ms});      // or "sample"
///     timer.start();
///     ...
///     timer.stop();
///     auto [expected, delivered, skipped] = timer.ticks();
///
/// It does not drift: each tick is set for start + n * period on CLOCK_MONOTONIC, to the nanosecond since Linux 6.4
/// (BPF_F_TIMER_ABS), before that later by the time of a system call or so, which does not add up. The kernel calls
/// late when interrupts were off or softirqs had to wait; a slot that is over by then is skipped, never made up for,
/// and counted.
///
/// Which timer to take: this one for work that is about time (publish, sum up, expire), in softirq context, with no
/// process interrupted: there are no registers, no stack and no current task to sample, and one timer ticks on one CPU.
/// PerfTimer for sampling what runs: in hard interrupt context, on every CPU of a set or in a task alone.
///
/// Move-only, and one that was moved from does not run and cannot be started; keeps the object alive. Destroying it
/// stops it, but a forked child that destroys its copy leaves it as it is. The end of the process stops it too, unless
/// a child has such a copy, or the map `name` is pinned: then the timer ticks on, and any process may stop_pinned() it.
/// Const members are safe from several threads, start() and stop() are for one at a time. Needs Linux 5.15 and what
/// `syscall` programs need (CAP_BPF or CAP_SYS_ADMIN), touches no file. A kernel without bpf_timer refuses the load of
/// the object (unsupported): those before 5.15, and most with PREEMPT_RT (from Linux 6.17 on, and in stable versions of
/// older ones). Throws BpfError.
class BpfTimer {
 public:
  /// The timer `name` of FATHOM_TIMER; it does not run yet. Throws BpfError: bad_object if there is none of this name
  /// or one of another version of `timer.bpf.h`, other (EINVAL) for a period out of range.
  BpfTimer(const LoadedBpf& bpf, std::string_view name, const BpfTimerOptions& options);
  /// The same by a generated name.
  template <class Key, class Value>
  BpfTimer(const LoadedBpf& bpf, BpfMapName<BpfMapType::array, Key, Value> name, const BpfTimerOptions& options)
      : BpfTimer(bpf, name.name, options) {}
  BpfTimer(BpfTimer&& other) noexcept;
  BpfTimer& operator=(BpfTimer&& other) noexcept;
  BpfTimer(const BpfTimer&) = delete;
  BpfTimer& operator=(const BpfTimer&) = delete;
  /// Stops it, and waits for a call that is under way.
  ~BpfTimer();

  /// The name of FATHOM_TIMER.
  [[nodiscard]] const std::string& name() const noexcept;
  /// As it was asked for.
  [[nodiscard]] Duration period() const noexcept;
  /// Whether start() was called and stop() was not.
  [[nodiscard]] bool running() const noexcept;
  /// Ticks from now on: the first is a period away, and counting begins at 0. Does nothing if it runs. The kernel pins
  /// a timer to the CPU that asks, so for a CPU of choice the calling thread is moved there and back. Throws BpfError:
  /// unsupported if this kernel cannot pin, bad_attach_target if the CPU is offline, other (EBUSY) if another BpfTimer
  /// runs the same timer.
  void start();
  /// Ends the ticks, and waits for a call that is under way: afterwards the function is not called any more. Does
  /// nothing if it does not run. ticks() stays as it was at that moment.
  void stop();
  /// Stops the timer whose map is pinned at `path`, and makes it as if it had never been started: one that a process
  /// left behind, which did not come to stop it. A call that is under way may still end afterwards. Needs no object and
  /// no program. Gives whether it ran. Throws BpfError: bad_object if something else is pinned there.
  static bool stop_pinned(const std::string& path);
  /// What came of the ticks since the last start(): one system call, or two while it runs. Also right in a time
  /// namespace, whose clocks have an offset.
  [[nodiscard]] TimerTicks ticks() const;

 private:
  struct State;
  [[nodiscard]] State& state() const;
  std::unique_ptr<State> state_;
};

}  // namespace fathom
