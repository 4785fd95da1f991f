#pragma once

#include <fathom/base/cpu_set.hpp>
#include <fathom/base/parse_stats.hpp>
#include <fathom/base/time.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fathom {

/// What kind of code a kernel symbol of its own names (enum perf_record_ksymbol_type). Other values may come with later
/// kernels.
enum class KsymbolType : std::uint16_t {
  unknown = 0,      ///< the kernel did not say
  bpf = 1,          ///< a BPF program, trampoline or dispatcher (Linux 5.1)
  out_of_line = 2,  ///< code made at run time: ftrace trampolines, instruction pages of kprobes (Linux 5.9)
};

/// A symbol came to the kernel, or is about to go: PERF_RECORD_KSYMBOL. The name is the one in /proc/kallsyms. The
/// kernel tells of a symbol after it stands there; of an end, mostly just before it is gone from there.
struct KsymbolEvent {
  std::uint64_t address = 0;  ///< of its first byte
  std::uint32_t length = 0;   ///< in bytes; for a BPF trampoline always a page, whatever its real size
  std::string name;           ///< `bpf_prog_5c8e6d8f4f1b1d3a_on_open`
  KsymbolType type{};         ///< BPF or out of line
  bool unregistered = false;  ///< whether it goes
  std::uint16_t flags = 0;    ///< as the kernel gave them; bit 0 is `unregistered`
  Timestamp time{};           ///< on CLOCK_MONOTONIC, which is std::chrono::steady_clock's
  unsigned cpu = 0;           ///< where it was loaded, or freed

  /// Equal in all fields.
  friend bool operator==(const KsymbolEvent&, const KsymbolEvent&) = default;
};

/// Events that came to nobody.
struct KsymbolLoss {
  /// Why they were lost.
  enum class Reason : std::uint8_t {
    ring_full,      ///< more came than the ring holds between two calls of `drain`
    cpu_came,       ///< the CPU came up, or went down and came back: what it did before this call was not watched
    cpu_unwatched,  ///< the CPU came up, and its event cannot be opened; tried again with the next call
  };

  unsigned cpu = 0;                     ///< on which CPU
  Reason reason{};                      ///< why
  std::optional<std::uint64_t> events;  ///< how many; absent where nobody counted

  /// Equal in all fields.
  friend bool operator==(const KsymbolLoss&, const KsymbolLoss&) = default;
};

/// What came since the last call of `KsymbolEvents::drain`.
struct KsymbolBatch {
  std::vector<KsymbolEvent> events;  ///< by time
  std::vector<KsymbolLoss> losses;   ///< at most a few for each CPU

  /// Whether nothing happened at all.
  [[nodiscard]] bool empty() const noexcept { return events.empty() && losses.empty(); }
};

/// How to listen.
struct KsymbolOptions {
  /// Size of each CPU's ring, in pages; a power of two. A page holds some forty events, and all rings together count
  /// against `perf_event_mlock_kb` and RLIMIT_MEMLOCK where the program lacks CAP_IPC_LOCK.
  std::size_t ring_pages = 8;
  std::string sys = "/sys";    ///< where the online CPUs are looked up
  std::string proc = "/proc";  ///< where `sys/kernel/perf_event_paranoid` is read, for the hint of an error
};

/// Hears of every BPF program, trampoline and other code that the kernel generates, while the object lives.
///
///     KsymbolEvents ksymbols;
///     while (wait_readable(ksymbols.native_handle())) {
///       for (const KsymbolEvent& event : ksymbols.drain().events)
///         std::cout << (event.unregistered ? "- " : "+ ") << event.name << '\n';
///     }
///
/// One software event (PERF_COUNT_SW_DUMMY with attr.ksymbol, which counts nothing) on each online CPU, since the
/// kernel tells only the events of the CPU that does the loading or freeing. CPUs that come later are joined by
/// `drain`, which reports what it may have missed of them as a loss. Kernel modules are not told of here; see
/// ModuleEvents.
///
/// Move-only; not safe to share between threads without a lock. Touches /sys/devices/system/cpu/online. Needs
/// CAP_PERFMON (before Linux 5.8: CAP_SYS_ADMIN), or `kernel.perf_event_paranoid` 0 or less. Linux 5.1
/// (commit 76193a94522f); losses are exact from Linux 6.0 on (commit 119a784c8127), before that they are told with the
/// first event that finds room again.
class KsymbolEvents {
 public:
  /// Listens from now on. Throws Error (EACCES or EPERM without the rights, and where a container's filter forbids the
  /// call; EMFILE: one descriptor for each CPU and one more; EINVAL: `ring_pages`), UnsupportedError where the kernel
  /// has no such records.
  explicit KsymbolEvents(KsymbolOptions options = {});
  ~KsymbolEvents();
  KsymbolEvents(KsymbolEvents&& other) noexcept;
  KsymbolEvents& operator=(KsymbolEvents&& other) noexcept;
  KsymbolEvents(const KsymbolEvents&) = delete;
  KsymbolEvents& operator=(const KsymbolEvents&) = delete;

  /// Readable when something came: an epoll descriptor, owned here. The kernel says so once for each wake-up, not for
  /// as long as something is there: call `drain` after each, and once after the handle was added to an epoll set.
  [[nodiscard]] int native_handle() const noexcept;
  /// What came since the last call; joins the CPUs that came up meanwhile, and leaves those that went down. Never
  /// waits for events, never throws on what the kernel wrote.
  [[nodiscard]] KsymbolBatch drain();
  /// Has the next `drain` ask each CPU's event whether it still listens, which costs an interrupt on each CPU, and 50
  /// ms where one does not. A CPU that goes down takes its event off for good, so one that went down and came back
  /// between two calls is found only so. Call it when a uevent tells that CPUs went or came (ModuleBatch::cpus_changed;
  /// SymbolChanges does). `drain` itself asks after the system was suspended, which is no uevent.
  void recheck_cpus() noexcept;
  /// The CPUs that are listened to.
  [[nodiscard]] CpuSet cpus() const;
  /// What was made of the records, in all calls of `drain`.
  [[nodiscard]] const ParseStats& stats() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fathom
