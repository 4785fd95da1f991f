#pragma once

#include <fathom/perf/perf_sampler.hpp>

#include <linux/perf_event.h>

namespace fathom::perf {

/// The attributes of an event that is sampled so; disabled. Throws Error (EINVAL) for a rate that makes no sense.
[[nodiscard]] perf_event_attr sample_attr(const PerfEvent& event, const PerfSamplerOptions& options);
/// Those of one of `options.also`: it tells of its samples only. Throws the same.
[[nodiscard]] perf_event_attr sample_attr_beside(const PerfSampledEvent& other, const PerfSamplerOptions& options);

}  // namespace fathom::perf
