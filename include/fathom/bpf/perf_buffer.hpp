#pragma once

#include <fathom/base/cpu_set.hpp>
#include <fathom/bpf/bpf_map.hpp>
#include <fathom/bpf/detail/perf_buffer_rings.hpp>
#include <fathom/bpf/detail/reader_record.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace fathom {

/// A record of a PerfBuffer, copied, and the CPU on which it was written.
template <class T>
struct PerfRecord {
  unsigned cpu = 0;  ///< where the program ran
  T record{};        ///< what it wrote
};

/// What came since the last call of PerfBuffer::drain.
template <class T>
struct PerfBatch {
  std::vector<PerfRecord<T>> records;  ///< CPU by CPU, in order within each
  std::uint64_t lost = 0;              ///< how many records the kernel had no room for; each is told once

  /// Whether nothing happened at all.
  [[nodiscard]] bool empty() const noexcept { return records.empty() && lost == 0; }
};

/// Reads the records that a program writes with bpf_perf_event_output() into a map of type
/// BPF_MAP_TYPE_PERF_EVENT_ARRAY: a ring for each CPU. For kernels before 5.8, which have no RingBuffer, or where CPUs
/// must not wait for one another.
///
///     auto samples = bpf.perf_buffer<Sample>("samples", {.wakeup_records = 64});
///     if (samples.wait(100ms))
///       samples.consume([](unsigned cpu, const Sample& sample) { print(cpu, sample); });
///     samples.lost();                                                   // what the kernel had no room for
///
/// T is a record of one size, or std::span<const std::byte> for records of any, with up to 7 bytes of padding behind
/// them: the kernel rounds sizes up and does not tell the first, so a T can be told only from what rounds up to another
/// size; that is counted. The order holds within a CPU only. The rings stand in the map as long as this lives; CPUs
/// that come online later have none, and what is written there is lost: bpf_perf_event_output() tells the program.
/// Reading allocates nothing but, once, room for a record that wraps around. One reader a map. Move-only; one that was
/// moved from has no rings: it lost nothing, and wait(), consume() and drain() throw BpfError (EBADF). A forked child
/// has the descriptors and not the memory: it may only destroy its copy, which leaves this process's reader as it is.
/// For one thread at a time. Needs CAP_PERFMON or CAP_SYS_ADMIN. Throws Error and BpfError.
template <class T>
class PerfBuffer {
  using Record = detail::ReaderRecord<T>;

 public:
  /// `record` as for RingBuffer.
  explicit PerfBuffer(const BpfMap& map, const PerfBufferOptions& options = {}, std::string_view record = {})
      : check_(Record::check(map, record)), rings_(map, options) {}

  /// Waits until a CPU has got as many records as the options ask for since the last wait, or for `timeout` (none: for
  /// ever); false if the time is over, or if a signal handler has run. Fewer may be there then: consume() gives them.
  [[nodiscard]] bool wait(std::optional<std::chrono::nanoseconds> timeout = {}) const { return rings_.wait(timeout); }

  /// Calls `on_record` with the CPU and each record that was there at the call, CPU by CPU. Gives the number of calls.
  /// The record is good during the call.
  template <class F>
    requires std::invocable<F&, unsigned, typename Record::View>
  std::size_t consume(F&& on_record) {  // NOLINT(cppcoreguidelines-missing-std-forward): called more than once
    std::size_t count = 0;
    rings_.drain([&](unsigned cpu, std::span<const std::byte> bytes) {
      if constexpr (Record::kAnySize) {
        std::invoke(on_record, cpu, bytes);
      } else {
        // The kernel rounds a record up to eight bytes, together with the four of its length.
        if (bytes.size() != (sizeof(T) + 4 + 7) / 8 * 8 - 4)
          return false;
        T record;  // at an address that is good for T, which the ring's is not
        std::memcpy(&record, bytes.data(), sizeof(T));
        std::invoke(on_record, cpu, record);
      }
      count += 1;
      return true;
    });
    return count;
  }

  /// Copies all records that are there, and never waits. It allocates; consume() does not.
  [[nodiscard]] PerfBatch<T> drain()
    requires(!Record::kAnySize)
  {
    PerfBatch<T> batch;
    consume([&](unsigned cpu, const T& record) { batch.records.push_back({cpu, record}); });
    const std::uint64_t now = std::max(lost(), lost_told_);
    batch.lost = now - std::exchange(lost_told_, now);
    return batch;
  }

  /// An epoll descriptor, which stays this object's: readable when a CPU has got as many records as the options ask
  /// for. The kernel tells this once, to the first that asks.
  [[nodiscard]] int native_handle() const noexcept { return rings_.native_handle(); }
  /// How many records the kernel had no room for: all until now, by one system call for each CPU. Before Linux 6.0 the
  /// kernel only leaves a note in the ring in front of the next record that has room, which consume() reads: losses
  /// behind the last record stay untold there.
  [[nodiscard]] std::uint64_t lost() const noexcept { return rings_.lost(); }
  /// The same of one CPU.
  [[nodiscard]] std::uint64_t lost(unsigned cpu) const noexcept { return rings_.lost(cpu); }
  /// What was read: records that are no T are skipped, and the first is kept. Of losses it has those that consume() met
  /// a note of; lost() has all.
  [[nodiscard]] const ParseStats& stats() const noexcept { return rings_.stats(); }
  /// The CPUs that have a ring.
  [[nodiscard]] const CpuSet& cpus() const noexcept { return rings_.cpus(); }
  /// How far T was compared with the BPF side's.
  [[nodiscard]] RecordCheck record_check() const noexcept { return check_; }

 private:
  RecordCheck check_;
  detail::PerfBufferRings rings_;
  std::uint64_t lost_told_ = 0;  // by drain()
};

}  // namespace fathom
