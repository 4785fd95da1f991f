#pragma once

#include <fathom/base/time.hpp>

#include <chrono>
#include <cstdint>

namespace fathom::perf {

/// CLOCK_MONOTONIC, which is that of std::chrono::steady_clock.
[[nodiscard]] inline Timestamp monotonic_now() {
  return {static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count())};
}

}  // namespace fathom::perf
