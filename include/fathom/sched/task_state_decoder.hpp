#pragma once

#include <fathom/btf/btf.hpp>
#include <fathom/rawtrace/event_format.hpp>
#include <fathom/sched/task_state.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fathom {

/// How sched_switch's field `prev_state` says the state (__trace_sched_switch_state() in include/trace/events/sched.h).
enum class PrevStateEncoding : std::uint8_t {
  raw_bits,  ///< the bits of `task_struct::state`. Up to Linux 4.13
  index,     ///< the number of the state, printed as if it were bits: letters are wrong. 4.14 (commit efb40f588b43)
  shifted,   ///< 1 << number, printed one letter off: R as S, S as D. 4.15 to 4.19 (commit 3f5fe9fef5b2)
  bit,       ///< 1 << (number - 1), 0 for R. Linux 4.20 (commit 3054426dc68e) and later 4.14.y and 4.19.y
};
/// All of them, in the order of the enumerators.
inline constexpr std::array kPrevStateEncodings = {PrevStateEncoding::raw_bits, PrevStateEncoding::index,
                                                   PrevStateEncoding::shifted, PrevStateEncoding::bit};

/// The encoding's identifier: `raw_bits`.
[[nodiscard]] std::string_view to_string(PrevStateEncoding encoding) noexcept;

/// What is known of a kernel, to tell its task states by. Any of these will do; more makes it surer.
struct TaskStateSources {
  const EventFormat* sched_switch = nullptr;       ///< its format: of the running kernel, or of a recording
  const Btf* btf = nullptr;                        ///< of the kernel
  std::string_view release{};                      ///< `uname -r`: "6.1.0-56-amd64"
  std::optional<PrevStateEncoding> encoding = {};  ///< where the others leave it open; see probed_task_states()
};

/// A bit of RawTaskState.
struct TaskStateBit {
  std::uint32_t bit = 0;  ///< 0x2
  std::string_view name;  ///< `TASK_UNINTERRUPTIBLE`
};

/// What the task states of one kernel mean: their bits, their names, and what sched_switch says of them.
///
///     const TaskStateDecoder states({.sched_switch = formats.find("sched", "sched_switch"), .release = release});
///     states.letters(ReportedTaskState{prev_state});        // "S", "R+": what this kernel prints, right or wrong
///     if (const auto prev = states.decode(ReportedTaskState{prev_state}))
///       if (prev->state == TaskState::uninterruptible) ...  // what it means
///     states.names(RawTaskState{0x2402});                   // "TASK_IDLE|TASK_FREEZABLE"
///
/// The numbers moved: Linux 4.14 gave TASK_PARKED, TASK_DEAD, TASK_WAKEKILL and TASK_WAKING new bits (commit
/// 8ef9925b02c2), and sched_switch has recorded something else than these since. What the sources show counts before
/// the version: letters and the mark of preemption come from the format's `print fmt`, the member's name from BTF. Of
/// 4.15 to 4.19 neither shows whether `prev_state` is shifted (stable and distributions' kernels took the fix at times
/// of their own). Where the release does not settle that, a recording stays ambiguous, and encoding() and decode() are
/// empty; of the running kernel probed_task_states() finds out.
///
/// A value; needs its sources no more. Safe to use from several threads.
class TaskStateDecoder {
 public:
  /// Throws Error (std::errc::invalid_argument) if there is no source, the release is none and all there is, or the
  /// format is of another event than sched_switch.
  explicit TaskStateDecoder(const TaskStateSources& sources);

  /// The bits that `task_struct` can hold here, lowest first: by the release; without one, those of any version.
  [[nodiscard]] std::span<const TaskStateBit> bits() const noexcept;
  /// The kernel's names, joined by `|`; those of several bits first: `TASK_IDLE|TASK_FREEZABLE`, `TASK_RUNNING`. Bits
  /// without a name are one number, `0x10000`.
  [[nodiscard]] std::string names(RawTaskState raw) const;
  /// The state that the bits mean. A frozen task sleeps uninterruptibly, and so does one that waits for a lock of
  /// PREEMPT_RT (TASK_RTLOCK_WAIT), whatever this kernel reports of them.
  [[nodiscard]] TaskState state(RawTaskState raw) const noexcept;

  /// What sched_switch records of a task that leaves its CPU in this state and was not preempted. Empty where it cannot
  /// be told: without encoding(); TASK_DEAD without the bits of `exit_state`; and where kernels with the same numbers
  /// differ and the release does not settle it. Such are TASK_IDLE|TASK_FREEZABLE, D until Linux 6.6 (commit
  /// 0d6b35283bcf) and in older stable kernels I too; TASK_FROZEN alone, R until 6.13 (commit f718faf3940e), likewise;
  /// TASK_RTLOCK_WAIT, R until 5.18 (commit 25795ef6299f).
  [[nodiscard]] std::optional<ReportedTaskState> reported(RawTaskState raw) const noexcept;

  /// How `prev_state` is to be read; empty where the sources leave it open between `shifted` and `bit`.
  [[nodiscard]] std::optional<PrevStateEncoding> encoding() const noexcept { return encoding_; }
  /// The text that this kernel prints for it: `S`, `R+`, before Linux 4.14 also `D|K`.
  [[nodiscard]] std::string letters(ReportedTaskState reported) const;
  /// What it means. Empty without encoding() (but for 0, which is `running` where it can occur at all), for a value
  /// that this kernel does not record, and with the encoding `shifted` for 0x100, which is both `idle` and preempted
  /// there.
  [[nodiscard]] std::optional<PrevState> decode(ReportedTaskState reported) const noexcept;

  /// The member of `task_struct`: `__state`, or `state` before Linux 5.14 (commit 2f064a59a11f; some distributions'
  /// 4.18 have the new name). Empty without BTF.
  [[nodiscard]] std::string_view member() const noexcept { return member_; }
  /// How many arguments the tracepoint has: 4 since Linux 5.18, whose last is RawTaskState as __schedule() read it
  /// (commits fa2c3254d7cf, 9c2136be0878), else 3. Empty without BTF.
  [[nodiscard]] std::optional<unsigned> tracepoint_arguments() const noexcept { return arguments_; }

 private:
  static constexpr std::size_t kReportedBits = 32;

  void take_btf(const Btf& btf);
  void take_format(const EventFormat& format);
  void take_release(std::string_view release);
  void use_known_letters();

  std::array<std::string, kReportedBits> letters_;  // of each bit of prev_state
  std::uint64_t preempted_ = 0;                     // bits that are printed as +
  std::uint32_t version_ = 0;                       // 0x060100 for 6.1; 0: not known
  std::optional<PrevStateEncoding> encoding_;
  std::optional<unsigned> arguments_;
  std::string_view member_;
  bool old_bits_ = false;  // those before 4.14
};

}  // namespace fathom
