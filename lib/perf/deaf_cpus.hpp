#pragma once

#include <fathom/base/cpu_set.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace fathom::perf {

/// An event that listens to a CPU, or maybe does no more.
struct ListeningCpu {
  unsigned cpu = 0;
  /// How long the event has been enabled, in nanoseconds; empty where it surely listens no more.
  std::function<std::optional<std::uint64_t>()> time_enabled;
};

/// The CPUs whose event listens no longer, because they went down meanwhile: its time stands still. At once if all do
/// listen; else it waits for a tick of the slowest clock, 100 ms, to be sure.
[[nodiscard]] CpuSet deaf_cpus(std::vector<ListeningCpu> cpus);

}  // namespace fathom::perf
