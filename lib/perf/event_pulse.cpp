#include "event_pulse.hpp"

#include "base/monotonic_now.hpp"
#include "slowest_clock.hpp"

#include <utility>

namespace fathom::perf {

bool EventPulse::goes_on(const std::function<std::optional<std::uint64_t>()>& time_enabled) {
  const Timestamp now = monotonic_now();
  if (now - last_asked_ < kLongestStandstill)
    return true;
  last_asked_ = now;
  const auto enabled = time_enabled();
  return enabled && std::exchange(last_enabled_, *enabled) != *enabled;
}

}  // namespace fathom::perf
