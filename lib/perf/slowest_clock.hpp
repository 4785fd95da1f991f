#pragma once

#include <fathom/base/time.hpp>

#include <chrono>

namespace fathom::perf {

/// For how long the time of an event may seem to stand still, though it is on its CPU: some kernels' clock moves with
/// the scheduler's ticks only, every 10 ms at most; an idle CPU's maybe later.
inline constexpr Duration kLongestStandstill = std::chrono::milliseconds(100);

}  // namespace fathom::perf
