#pragma once

#include <fathom/perf/perf_event_kinds.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fathom::perf {

/// The event that has this name or alias in `perf list`, letters of either case; empty if none has.
[[nodiscard]] std::optional<SoftwareEvent> software_event(std::string_view name);
/// The same.
[[nodiscard]] std::optional<HardwareEvent> hardware_event(std::string_view name);
/// The same: "L1-dcache-load-misses", "LLC", "dTLB-stores".
[[nodiscard]] std::optional<CacheEvent> cache_event(std::string_view name);

/// Names and aliases of software and hardware events, and the names of all cache events: what a name may be near to.
[[nodiscard]] std::vector<std::string> all_names();

}  // namespace fathom::perf
