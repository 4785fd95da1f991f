#pragma once

#include <fathom/base/cpu_set.hpp>
#include <fathom/base/parse_stats.hpp>
#include <fathom/bpf/bpf_map.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace fathom {

/// How a PerfBuffer is set up.
struct PerfBufferOptions {
  std::size_t pages = 16;            ///< of memory for each CPU; a power of two
  std::uint32_t wakeup_records = 1;  ///< how many records of a CPU wake who waits
  std::optional<CpuSet> cpus{};      ///< the CPUs that get a ring; those that are online
};

}  // namespace fathom

namespace fathom::detail {

/// The rings of a PerfBuffer, without the type of its records. One that was moved from has none, and throws BpfError
/// (EBADF) where it is to wait or to read.
class PerfBufferRings {
 public:
  /// Throws BpfError (bad_object: the map is of another type, or too small), and Error as perf_event_open(2) fails.
  PerfBufferRings(const BpfMap& map, const PerfBufferOptions& options);
  ~PerfBufferRings();
  PerfBufferRings(PerfBufferRings&& other) noexcept;
  PerfBufferRings& operator=(PerfBufferRings&& other) noexcept;
  PerfBufferRings(const PerfBufferRings&) = delete;
  PerfBufferRings& operator=(const PerfBufferRings&) = delete;

  [[nodiscard]] bool wait(std::optional<std::chrono::nanoseconds> timeout) const;
  /// Calls `on_record(cpu, bytes)` with each record that is there; it says whether it understood.
  template <class OnRecord>
  void drain(OnRecord on_record) {
    drain(&on_record, [](void* context, unsigned cpu, std::span<const std::byte> bytes) {
      return static_cast<bool>((*static_cast<OnRecord*>(context))(cpu, bytes));
    });
  }
  [[nodiscard]] int native_handle() const noexcept;
  [[nodiscard]] std::uint64_t lost() const noexcept;
  [[nodiscard]] std::uint64_t lost(unsigned cpu) const noexcept;
  [[nodiscard]] const ParseStats& stats() const noexcept;
  [[nodiscard]] const CpuSet& cpus() const noexcept;

 private:
  using Call = bool (*)(void* context, unsigned cpu, std::span<const std::byte> bytes);
  void drain(void* context, Call on_record);

  struct State;
  [[nodiscard]] State& state() const;
  std::unique_ptr<State> state_;
};

}  // namespace fathom::detail
