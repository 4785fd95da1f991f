#pragma once

#include <fathom/base/time.hpp>

#include <chrono>
#include <cstdint>

namespace fathom {

/// CLOCK_MONOTONIC, which is the clock of std::chrono::steady_clock, and of bpf_ktime_get_ns().
[[nodiscard]] inline Timestamp monotonic_now() {
  return {static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count())};
}

}  // namespace fathom
