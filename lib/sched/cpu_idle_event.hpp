#pragma once

#include <cstdint>
#include <optional>

namespace fathom::sched {

/// What CpuIdleMark::state is where the event cpu_idle says `state`: PWR_EVENT_EXIT of include/trace/events/power.h is
/// no state, the CPU wakes.
[[nodiscard]] constexpr std::optional<std::uint32_t> idle_state(std::uint32_t state) noexcept {
  constexpr std::uint32_t kWakes = 0xffff'ffff;
  return state == kWakes ? std::nullopt : std::optional(state);
}

}  // namespace fathom::sched
