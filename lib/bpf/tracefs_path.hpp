#pragma once

#include <string>

namespace fathom::bpf {

/// `given`, or if that is empty where tracefs is usually mounted: /sys/kernel/tracing, or, if that has no events,
/// /sys/kernel/debug/tracing.
[[nodiscard]] std::string tracefs_or_default(const std::string& given);

/// Whether this is a tracefs that can be read.
[[nodiscard]] bool has_events(const std::string& tracefs);

}  // namespace fathom::bpf
