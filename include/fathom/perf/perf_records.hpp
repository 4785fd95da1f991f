#pragma once

#include <fathom/base/time.hpp>
#include <fathom/perf/perf_callchain.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

namespace fathom {

/// Where a record comes from, as far as it was asked for (PerfSampleFields).
struct PerfOrigin {
  std::optional<int> pid{};           ///< the process; 0 is the idle task
  std::optional<int> tid{};           ///< the thread; 0 is the idle task
  std::optional<Timestamp> time{};    ///< on the clock of PerfSamplerOptions
  std::optional<unsigned> cpu{};      ///< the CPU
  std::optional<std::uint64_t> id{};  ///< the kernel's number of the event
};

/// What the events of PerfSamplerOptions::counted had come to at a sample, with its own event first.
class PerfSampleCounts {
 public:
  PerfSampleCounts() = default;
  /// Values are each `stride`-th of `words`.
  PerfSampleCounts(Duration enabled, Duration running, std::span<const std::uint64_t> words,
                   std::size_t stride) noexcept
      : enabled_(enabled), running_(running), words_(words), stride_(stride) {}

  /// How long they were to be counted.
  [[nodiscard]] Duration enabled() const noexcept { return enabled_; }
  /// How long of this they were.
  [[nodiscard]] Duration running() const noexcept { return running_; }
  /// How many values; 0 if none were asked for.
  [[nodiscard]] std::size_t size() const noexcept { return words_.size() / stride_; }
  /// The value of an event, below `size()`.
  [[nodiscard]] std::uint64_t operator[](std::size_t index) const noexcept { return words_[index * stride_]; }

 private:
  Duration enabled_{};
  Duration running_{};
  std::span<const std::uint64_t> words_;
  std::size_t stride_ = 1;
};

/// The event happened: PERF_RECORD_SAMPLE. What was not asked for is absent, or empty.
struct PerfSample : PerfOrigin {
  std::size_t event = 0;                   ///< which: 0, or of PerfSamplerOptions::also, from 1 on
  PerfContext context{};                   ///< where the CPU was
  std::optional<std::uint64_t> ip{};       ///< the instruction
  bool exact_ip = false;                   ///< whether it is the very one
  std::optional<std::uint64_t> address{};  ///< of the data, for breakpoints, page faults and PMUs that know it
  std::optional<std::uint64_t> period{};   ///< how many events this sample stands for
  PerfSampleCounts counts{};               ///< of the other events
  PerfCallchain callchain{};               ///< who called
  std::span<const std::byte> raw{};  ///< of a tracepoint: its record, as its format file describes it, and padding
};

/// A file, or other memory, was mapped into a process: PERF_RECORD_MMAP2.
struct PerfMmap : PerfOrigin {
  std::uint64_t address = 0;              ///< where it begins
  std::uint64_t length = 0;               ///< in bytes
  std::uint64_t offset = 0;               ///< in the file, in bytes
  std::uint32_t prot = 0;                 ///< PROT_*
  std::uint32_t flags = 0;                ///< MAP_*
  std::uint32_t device_major = 0;         ///< of the file's device, unless there is a build id
  std::uint32_t device_minor = 0;         ///< the same
  std::uint64_t inode = 0;                ///< of the file, unless there is a build id
  std::uint64_t generation = 0;           ///< of the inode, unless there is a build id
  std::span<const std::byte> build_id{};  ///< of the file, if asked for and if it has one
  std::string_view path;                  ///< "/usr/bin/ls", "[vdso]", "//anon"
};

/// A thread has a new name: PERF_RECORD_COMM.
struct PerfComm : PerfOrigin {
  bool exec = false;      ///< by exec(2), which replaced the process' memory
  std::string_view comm;  ///< at most 15 bytes
};

/// A thread or process began, or ended: PERF_RECORD_FORK and PERF_RECORD_EXIT. `pid` and `tid` are the new one's, or
/// the one's that ended.
struct PerfTask : PerfOrigin {
  bool exited = false;  ///< whether it ended
  int parent_pid = 0;   ///< of whom it comes; of an end, its parent
  int parent_tid = 0;   ///< the same
};

/// A watched task came to a CPU, or left it: PERF_RECORD_SWITCH and PERF_RECORD_SWITCH_CPU_WIDE.
struct PerfSwitch : PerfOrigin {
  bool out = false;                ///< whether it left
  bool preempted = false;          ///< whether it left though it could have gone on; Linux 4.17 (commit 101592b4904e)
  std::optional<int> other_pid{};  ///< of who comes next, or was before; of CPUs only
  std::optional<int> other_tid{};  ///< the same
};

/// The kernel took no more samples since they came too fast, or takes them again: PERF_RECORD_THROTTLE.
struct PerfThrottle : PerfOrigin {
  bool throttled = false;  ///< whether it stopped
};

/// What a PerfSampler tells.
using PerfEventRecord = std::variant<PerfSample, PerfMmap, PerfComm, PerfTask, PerfSwitch, PerfThrottle>;

/// Records that came to nobody.
struct PerfLoss {
  /// Why.
  enum class Reason : std::uint8_t {
    ring_full,  ///< more came than the ring holds between two calls of `drain`
    hardware,   ///< the processor itself dropped them (PERF_RECORD_LOST_SAMPLES)
  };

  Reason reason{};                ///< why
  std::optional<unsigned> cpu{};  ///< of this CPU's ring; absent where a thread has one for all CPUs
  std::uint64_t records = 0;      ///< how many, samples of all events and others

  /// Equal in all fields.
  friend bool operator==(const PerfLoss&, const PerfLoss&) = default;
};

}  // namespace fathom
