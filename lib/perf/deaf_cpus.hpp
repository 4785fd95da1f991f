#pragma once

#include "ksymbol_cpu.hpp"

#include <fathom/base/cpu_set.hpp>

#include <vector>

namespace fathom::perf {

/// The CPUs whose event listens no longer, because they went down meanwhile. At once if all do listen; else it waits
/// for a tick of the clock, 50 ms, to be sure.
[[nodiscard]] CpuSet deaf_cpus(const std::vector<KsymbolCpu>& cpus);

}  // namespace fathom::perf
