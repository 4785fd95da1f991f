#pragma once

#include <fathom/perf/perf_sampler.hpp>

#include <linux/perf_event.h>

namespace fathom::perf {

/// The attributes of an event that is sampled so; disabled. Throws Error (EINVAL) for a rate that makes no sense.
[[nodiscard]] perf_event_attr sample_attr(const PerfEvent& event, const PerfSamplerOptions& options);

}  // namespace fathom::perf
