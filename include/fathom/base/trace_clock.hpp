#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace fathom {

/// The clocks of the kernel's ring buffer, by the names of the file `trace_clock` (kernel/trace/trace.c,
/// trace_clocks[]).
enum class TraceClock : std::uint8_t {
  local,     ///< per CPU, fast, may drift between CPUs; the default
  global,    ///< monotonic across CPUs, slower
  counter,   ///< no time at all: one more for each event
  uptime,    ///< jiffies since boot, as nanoseconds
  perf,      ///< what perf events use
  mono,      ///< CLOCK_MONOTONIC
  mono_raw,  ///< CLOCK_MONOTONIC_RAW
  boot,      ///< CLOCK_BOOTTIME
  tai,       ///< CLOCK_TAI (Linux 6.2)
  x86_tsc,   ///< raw time stamp counter: ticks, not nanoseconds
};

/// As the kernel spells it: `x86-tsc`, `mono_raw`.
[[nodiscard]] std::string_view to_string(TraceClock clock) noexcept;
/// The reverse; empty for a name that is none of the above.
[[nodiscard]] std::optional<TraceClock> parse_trace_clock(std::string_view name) noexcept;
/// False for `counter` and `x86_tsc`, whose stamps are not nanoseconds.
[[nodiscard]] bool counts_nanoseconds(TraceClock clock) noexcept;

}  // namespace fathom
