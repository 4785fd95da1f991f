#pragma once

#include <fathom/base/time.hpp>

#include <cstdint>
#include <functional>
#include <optional>

namespace fathom::perf {

/// Whether an enabled event of a CPU is on it still. The kernel takes it off for good when the CPU goes down, even if
/// that comes back: then the time that it has been enabled stands still.
class EventPulse {
 public:
  /// `time_enabled` reads that time; empty where it cannot be read. Asks the kernel no oftener than the slowest clock
  /// of a kernel moves, and says yes meanwhile.
  [[nodiscard]] bool goes_on(const std::function<std::optional<std::uint64_t>()>& time_enabled);

 private:
  std::uint64_t last_enabled_ = 0;
  Timestamp last_asked_{};
};

}  // namespace fathom::perf
