#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace fathom {

/// What the kernel counts itself, on every machine: PERF_COUNT_SW_*, in the kernel's numbers.
enum class SoftwareEvent : std::uint64_t {
  cpu_clock = 0,         ///< time, in nanoseconds; as a sampling event a timer of its CPU
  task_clock = 1,        ///< time that the watched threads run, in nanoseconds
  page_faults = 2,       ///< both kinds
  context_switches = 3,  ///< away from the watched threads
  cpu_migrations = 4,    ///< to another CPU
  page_faults_min = 5,   ///< without a read from disk
  page_faults_maj = 6,   ///< with one
  alignment_faults = 7,  ///< on processors that have them
  emulation_faults = 8,  ///< instructions that the kernel emulated
  dummy = 9,             ///< never happens: to be told of mappings and tasks only
  bpf_output = 10,       ///< what BPF programs write by bpf_perf_event_output()
  cgroup_switches = 11,  ///< context switches to a task of another cgroup; Linux 5.13 (commit d0d1dd628527)
};
/// All of them.
inline constexpr std::array kSoftwareEvents = {SoftwareEvent::cpu_clock,        SoftwareEvent::task_clock,
                                               SoftwareEvent::page_faults,      SoftwareEvent::context_switches,
                                               SoftwareEvent::cpu_migrations,   SoftwareEvent::page_faults_min,
                                               SoftwareEvent::page_faults_maj,  SoftwareEvent::alignment_faults,
                                               SoftwareEvent::emulation_faults, SoftwareEvent::dummy,
                                               SoftwareEvent::bpf_output,       SoftwareEvent::cgroup_switches};
/// The name in `perf list`: "page-faults", "minor-faults".
[[nodiscard]] std::string_view to_string(SoftwareEvent event) noexcept;

/// What most processors count, in the kernel's numbers: PERF_COUNT_HW_*. Which of them one does, only opening tells.
enum class HardwareEvent : std::uint64_t {
  cpu_cycles = 0,               ///< at the frequency of the moment
  instructions = 1,             ///< that were retired
  cache_references = 2,         ///< mostly of the last level
  cache_misses = 3,             ///< mostly of the last level
  branch_instructions = 4,      ///< that were retired
  branch_misses = 5,            ///< that were predicted wrongly
  bus_cycles = 6,               ///< of the bus
  stalled_cycles_frontend = 7,  ///< nothing was issued
  stalled_cycles_backend = 8,   ///< nothing was retired
  ref_cpu_cycles = 9,           ///< at a constant frequency
};
/// All of them.
inline constexpr std::array kHardwareEvents = {HardwareEvent::cpu_cycles,
                                               HardwareEvent::instructions,
                                               HardwareEvent::cache_references,
                                               HardwareEvent::cache_misses,
                                               HardwareEvent::branch_instructions,
                                               HardwareEvent::branch_misses,
                                               HardwareEvent::bus_cycles,
                                               HardwareEvent::stalled_cycles_frontend,
                                               HardwareEvent::stalled_cycles_backend,
                                               HardwareEvent::ref_cpu_cycles};
/// The name in `perf list`: "cpu-cycles", "branch-instructions".
[[nodiscard]] std::string_view to_string(HardwareEvent event) noexcept;

/// Which cache: enum perf_hw_cache_id.
enum class CacheId : std::uint8_t {
  l1d,   ///< first level, data
  l1i,   ///< first level, instructions
  ll,    ///< last level
  dtlb,  ///< translations of data addresses
  itlb,  ///< translations of instruction addresses
  bpu,   ///< the branch predictor
  node,  ///< memory of this NUMA node
};
/// What it was asked for: enum perf_hw_cache_op_id.
enum class CacheOp : std::uint8_t {
  read,      ///< loads
  write,     ///< stores
  prefetch,  ///< ahead of time
};
/// What it answered: enum perf_hw_cache_op_result_id.
enum class CacheResult : std::uint8_t {
  access,  ///< anything
  miss,    ///< it did not have it
};

/// One count of one cache.
struct CacheEvent {
  CacheId cache = CacheId::l1d;              ///< which
  CacheOp op = CacheOp::read;                ///< asked for what
  CacheResult result = CacheResult::access;  ///< with which answer

  /// Equal in all fields.
  friend bool operator==(const CacheEvent&, const CacheEvent&) = default;
};
/// The name in `perf list`: "L1-dcache-load-misses", "LLC-loads".
[[nodiscard]] std::string to_string(const CacheEvent& event);

/// A tracepoint, by the number that its `id` file in tracefs has until the next boot.
struct TracepointEvent {
  std::uint64_t id = 0;  ///< what events/SYSTEM/NAME/id says

  /// Equal if the number is.
  friend bool operator==(const TracepointEvent&, const TracepointEvent&) = default;
};

/// What a breakpoint waits for, as bits of HW_BREAKPOINT_*. x86 has no pure `read`.
enum class BreakpointAccess : std::uint8_t {
  read = 1,        ///< of data
  write = 2,       ///< of data
  read_write = 3,  ///< either
  execute = 4,     ///< of the instruction there
};

/// Access to an address, counted by a debug register of the processor: there are few, four on x86.
struct BreakpointEvent {
  std::uint64_t address = 0;                          ///< in the watched threads' memory, or the kernel's
  BreakpointAccess access = BreakpointAccess::write;  ///< what is counted
  std::uint64_t length = 4;                           ///< 1, 2, 4 or 8 bytes, from an address that is a multiple of it

  /// Writes to this variable of the calling program.
  template <class T>
  [[nodiscard]] static BreakpointEvent writes_to(const T& variable) noexcept {
    static_assert(sizeof(T) == 1 || sizeof(T) == 2 || sizeof(T) == 4 || sizeof(T) == 8);
    return {.address = reinterpret_cast<std::uintptr_t>(&variable), .length = sizeof(T)};
  }
  /// Equal in all fields.
  friend bool operator==(const BreakpointEvent&, const BreakpointEvent&) = default;
};

/// An event of a source in the processor, in its own numbers. `type` is what `bus/event_source/devices/NAME/type` below
/// /sys says; 4 (PERF_TYPE_RAW) is the processor's own.
struct PmuEvent {
  static constexpr std::uint32_t kRaw = 4;  ///< the type of the processor's own events

  std::uint32_t type = kRaw;  ///< whose event
  std::uint64_t config = 0;   ///< which
  std::uint64_t config1 = 0;  ///< more of it
  std::uint64_t config2 = 0;  ///< and more

  /// Equal in all fields.
  friend bool operator==(const PmuEvent&, const PmuEvent&) = default;
};

}  // namespace fathom
