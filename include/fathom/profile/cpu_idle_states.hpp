#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {

/// The idle states of a CPU, as its cpuidle driver numbers and names them: what the numbers of the event cpu_idle mean.
///
///     const CpuIdleStates states = CpuIdleStates::read(0);
///     std::cout << states.driver << ": " << states.name(1) << '\n';          // "intel_idle: C1"
///
/// From /sys/devices/system/cpu/cpuidle/current_driver and cpuN/cpuidle/stateM/name, which need no rights. Without a
/// driver the kernel halts the CPU by itself, and numbers it 1; 0 is its polling loop (kernel/sched/idle.c). A plain
/// value.
struct CpuIdleStates {
  std::string driver{};              ///< its name: `haltpoll`; empty if there is none
  std::vector<std::string> names{};  ///< by number: `POLL`, `C1`, ...; empty without a driver

  /// Reads those of this CPU below `sys`. What is not there is left empty: it throws nothing but std::bad_alloc.
  [[nodiscard]] static CpuIdleStates read(std::uint32_t cpu, const std::string& sys = "/sys");
  /// The name of a state; without a driver `polling` for 0 and `halt` for 1; empty for a number that is none.
  [[nodiscard]] std::string_view name(std::uint32_t state) const noexcept;
};

}  // namespace fathom
