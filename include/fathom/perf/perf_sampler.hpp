#pragma once

#include <fathom/base/cpu_set.hpp>
#include <fathom/base/parse_stats.hpp>
#include <fathom/perf/perf_counter_group.hpp>
#include <fathom/perf/perf_cpu_change.hpp>
#include <fathom/perf/perf_event.hpp>
#include <fathom/perf/perf_rate.hpp>
#include <fathom/perf/perf_records.hpp>
#include <fathom/perf/perf_scope.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace fathom {

/// What stands in each sample, beside where the CPU was. The rest of the records have pid, tid, time, cpu and id by the
/// same choice.
struct PerfSampleFields {
  /// Which parts of a call chain are recorded.
  enum class Callchain : std::uint8_t {
    none,    ///< no call chain
    kernel,  ///< that in the kernel
    user,    ///< that in user space
    both,    ///< one after the other
  };

  bool ip = true;                         ///< the instruction
  bool task = true;                       ///< pid and tid
  bool time = true;                       ///< when
  bool cpu = true;                        ///< where
  bool period = false;                    ///< how many events it stands for
  bool address = false;                   ///< of the data
  bool id = false;                        ///< the kernel's number of the event; there anyway if several are sampled
  bool raw = false;                       ///< a tracepoint's record
  Callchain callchain = Callchain::none;  ///< who called
  /// How many addresses of it; absent for as many as `kernel.perf_event_max_stack` says (127).
  std::optional<std::uint16_t> max_stack{};
};

/// What else is told of the watched tasks: what a profiler has to know to name addresses later.
struct PerfTaskRecords {
  bool mmap = false;       ///< executable mappings, as they are made
  bool mmap_data = false;  ///< the other mappings, too
  bool build_id = false;   ///< in place of device and inode of a mapped file; Linux 5.12 (commit 88a16a130933)
  bool comm = false;       ///< new names, and exec(2)
  bool task = false;       ///< threads and processes that begin and end
  bool switches = false;   ///< context switches; Linux 4.3 (commit 45ac1403f564)
};

/// The clock of PerfOrigin::time.
enum class PerfClock : std::uint8_t {
  monotonic,      ///< CLOCK_MONOTONIC: std::chrono::steady_clock
  monotonic_raw,  ///< CLOCK_MONOTONIC_RAW
  realtime,       ///< CLOCK_REALTIME
  boottime,       ///< CLOCK_BOOTTIME
  tai,            ///< CLOCK_TAI
  perf,           ///< the kernel's own, that of tracefs' clock `perf`
};

/// Wake up when so many bytes lie in a ring.
struct PerfBytes {
  std::uint32_t value;  ///< how many bytes

  /// Explicit, so that a bare number is never taken for it.
  explicit constexpr PerfBytes(std::uint32_t bytes) noexcept : value(bytes) {}
};

/// When the descriptor becomes readable: after so many samples in a ring, or when so many bytes lie there. Records that
/// are no samples wake up by bytes only.
using PerfWakeup = std::variant<EventCount, PerfBytes>;

/// An event that is sampled beside another one, and how often.
///
///     PerfSamplerOptions options{.rate = Hz{99}, .also = {{"page-faults", EventCount{1}}, "sched:sched_switch"}};
struct PerfSampledEvent {
  /// Any event, or its name. Without a rate it has that of the others, PerfSamplerOptions::rate.
  template <class Event>
    requires std::convertible_to<Event, PerfEvent>
  PerfSampledEvent(Event&& sampled,  // NOLINT(google-explicit-constructor): an event is one that is sampled
                   std::optional<SampleRate> often = {})
      : event(std::forward<Event>(sampled)), rate(often) {}

  PerfEvent event;                 ///< which
  std::optional<SampleRate> rate;  ///< how often
};

/// How to sample.
struct PerfSamplerOptions {
  SampleRate rate = Hz{99};                ///< how often; a Duration is for cpu-clock and task-clock
  std::vector<PerfSampledEvent> also{};    ///< other events that are sampled, too: see PerfSample::event
  PerfScope on = PerfThread::self();       ///< whom
  PerfSampleFields fields{};               ///< what
  PerfTaskRecords records{};               ///< what else
  std::vector<PerfEvent> counted{};        ///< events that are read with each sample, of whichever event
  PerfWakeup wakeup = EventCount{1};       ///< when the descriptor becomes readable
  PerfClock clock = PerfClock::monotonic;  ///< of times
  PerfStart start = PerfStart::at_once;    ///< from when on
  std::size_t ring_pages = 64;             ///< of each ring; a power of two
  std::string sys = "/sys";                ///< where the online CPUs are looked up
  std::string proc = "/proc";              ///< where threads are looked up, and the limits that an error names
};

/// What came since the last call of `PerfSampler::drain`. Views: good until the next call, and as long as the sampler.
///
///     for (const PerfSample& sample : batch.samples()) ...
struct PerfSampleBatch {
  std::span<const PerfEventRecord> records{};  ///< by time, if that is among the fields; else ring by ring
  std::span<const PerfLoss> losses{};          ///< at most two for each ring
  bool ended = false;  ///< the watched threads, and all whom they made, have ended: nothing more comes
  std::span<const PerfCpuChange> changes{};  ///< CPUs that went and came

  /// The samples among the records.
  [[nodiscard]] auto samples() const {
    return records | std::views::filter([](const PerfEventRecord& record) {
             return std::holds_alternative<PerfSample>(record);
           }) |
           std::views::transform(
               [](const PerfEventRecord& record) -> const PerfSample& { return std::get<PerfSample>(record); });
  }
  /// Whether nothing happened at all.
  [[nodiscard]] bool empty() const noexcept { return records.empty() && losses.empty() && changes.empty() && !ended; }
};

/// Samples an event, or several: each time, or so often, that it happens, the kernel writes down where the CPU was and
/// what else was asked for, in a ring that is read here.
///
///     const PerfSampleFields fields{.callchain = PerfSampleFields::Callchain::both};
///     PerfSampler sampler{"cpu-clock", {.rate = Hz{99}, .on = PerfProcess{pid}, .fields = fields}};
///     while (wait_readable(sampler.native_handle())) {
///       const PerfSampleBatch batch = sampler.drain();
///       for (const PerfSample& sample : batch.samples()) count(sample.callchain.user());
///     }
///
///     PerfSampler both{"cpu-clock", {.rate = Hz{99}, .also = {{"page-faults", EventCount{1}}}}};
///     for (const PerfSample& sample : both.drain().samples()) ++(sample.event == 0 ? ticks : faults);
///
/// Each sample is delivered, or counted as lost: from Linux 6.0 on exactly (commit 119a784c8127), before that with the
/// first record that finds room again. Of CPUs there is a ring for each; of threads one for each thread, and with
/// children one for each CPU that is online, since they run anywhere. All rings together count against
/// `kernel.perf_event_mlock_kb` and RLIMIT_MEMLOCK where the program lacks CAP_IPC_LOCK. Several events write to the
/// same rings, so that they take no more memory than one, and stay in order.
///
/// **CPUs that go and come.** What a CPU that goes down had told is delivered, and stays in `count`. `OnlineCpus` joins
/// each that comes, a set those of the set that come back, a cgroup as it says which CPUs are its; of threads
/// with children, a CPU that was down at the beginning is never sampled. `drain` looks once a second, and tells each as
/// a change: call it now and then, or await it.
///
/// A frequency is kept by the kernel's guess how often the event comes: the first samples stand for few events each. Of
/// cpu-clock and task-clock it is a timer of the CPU, or of the thread's time.
///
/// Move-only; one that was moved from throws Error (EBADF). For one thread at a time. A forked child has the
/// descriptors, not the rings: it must not drain. Kernel files: see PerfSamplerOptions; for the rights see PerfScope.
/// `counted` with children needs Linux 6.13 (commit 7e8b255650fc).
class PerfSampler {
 public:
  /// Samples it, and those of `options.also`. Throws Error: as PerfCounterGroup does; EINVAL for a frequency above
  /// `kernel.perf_event_max_sample_rate`, which it names, for a Duration of an event that is no clock, or of less than
  /// 10 us, and for `ring_pages`; EOVERFLOW for `max_stack`, and to wake up after more than 2^32 - 1 samples;
  /// EOPNOTSUPP for an event that can be counted only; EPERM where the rings are more memory than may be locked.
  explicit PerfSampler(const PerfEvent& event, const PerfSamplerOptions& options = {});
  ~PerfSampler();
  PerfSampler(PerfSampler&& other) noexcept;
  PerfSampler& operator=(PerfSampler&& other) noexcept;
  PerfSampler(const PerfSampler&) = delete;
  PerfSampler& operator=(const PerfSampler&) = delete;

  /// Readable when something came, and where CPUs are followed when it is time to look: an epoll descriptor, owned
  /// here. The kernel says so once for each wake-up, not for as long as something is there: call `drain` after each.
  [[nodiscard]] int native_handle() const noexcept;
  /// What came since the last call; what it gave is no longer good. Never waits. Holds at most what was in the rings,
  /// and allocates nothing once it has seen as much, but to look for CPUs: see above.
  [[nodiscard]] PerfSampleBatch drain();

  /// Samples, or goes on sampling. Throws Error.
  void enable();
  /// Samples no more, until `enable`. Throws Error.
  void disable();
  /// How often an event happened, sampled or not, all places added up, CPUs that went included: of the one given, 0, or
  /// of one of `also`, from 1 on. Throws Error; EINVAL if there is no such event.
  [[nodiscard]] PerfCount count(std::size_t event = 0) const;
  /// The CPUs on which nothing is sampled now, though it was: see PerfCounterGroup::gone_cpus. Empty for threads.
  [[nodiscard]] CpuSet gone_cpus() const;
  /// What was made of the records, in all calls of `drain`.
  [[nodiscard]] const ParseStats& stats() const;

 private:
  struct State;
  [[nodiscard]] State& state() const;

  std::unique_ptr<State> state_;
};

}  // namespace fathom
