#include <fathom/base/trace_clock.hpp>

#include <array>
#include <cstddef>

namespace fathom {

namespace {

// In the order of the enumerators.
constexpr std::array<std::string_view, 10> kNames = {"local", "global",   "counter", "uptime", "perf",
                                                     "mono",  "mono_raw", "boot",    "tai",    "x86-tsc"};

}  // namespace

std::string_view to_string(TraceClock clock) noexcept {
  return kNames[static_cast<std::size_t>(clock)];
}

std::optional<TraceClock> parse_trace_clock(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name)
      return static_cast<TraceClock>(i);
  }
  return std::nullopt;
}

bool counts_nanoseconds(TraceClock clock) noexcept {
  return clock != TraceClock::counter && clock != TraceClock::x86_tsc;
}

}  // namespace fathom
