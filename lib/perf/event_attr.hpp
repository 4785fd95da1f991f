#pragma once

#include <fathom/perf/perf_event.hpp>

#include <linux/perf_event.h>

namespace fathom::perf {

/// The attributes that say which event, and when it counts; nothing of sampling or reading.
[[nodiscard]] perf_event_attr attr_of(const PerfEvent& event);

}  // namespace fathom::perf
