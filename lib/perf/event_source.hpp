#pragma once

#include <fathom/perf/perf_event_kinds.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fathom::perf {

/// The number of a perf event source, as `bus/event_source/devices/NAME/type` below `sysfs` gives it; empty if the
/// kernel has no such source.
[[nodiscard]] std::optional<std::uint32_t> event_source_type(const std::string& sysfs, const std::string& name);

/// Which bits of which word a term sets, from a file of the folder `format`: "config1:0-7,32". Adds the bits of `value`
/// to `event`, lowest first; false if the format makes no sense or the value has more bits than it.
///
///     // config:0-7,32-35
[[nodiscard]] bool set_bits(PmuEvent& event, std::string_view format, std::uint64_t value);

/// The event `terms` of the source `source`: "event=0x3c,umask=1". A term that is no format is looked for among the
/// source's named events, which are terms themselves. `name` is the whole, for errors. Throws Error.
[[nodiscard]] PmuEvent event_of_source(const std::string& sysfs, const std::string& source, std::string_view terms,
                                       std::string_view name);

}  // namespace fathom::perf
