#pragma once

#include "perf_event_open.hpp"
#include "scope_places.hpp"

#include <fathom/base/unique_fd.hpp>

namespace fathom::perf {

/// An event that counts nothing and knows both times, to see whether there is still what it watches. Throws Error.
[[nodiscard]] UniqueFd open_dummy(Target target, const Purpose& purpose);

/// Of a cgroup's event on a CPU, whose own time stands still whenever nobody of the cgroup runs, one of all on the CPU,
/// to see that go; else none. Throws Error.
[[nodiscard]] UniqueFd open_cpu_watch(const Place& place, const Purpose& purpose);

}  // namespace fathom::perf
