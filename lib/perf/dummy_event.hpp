#pragma once

#include "perf_event_open.hpp"

#include <fathom/base/unique_fd.hpp>

namespace fathom::perf {

/// An event that counts nothing and knows both times, to see whether there is still what it watches. Throws Error.
[[nodiscard]] UniqueFd open_dummy(Target target, const Purpose& purpose);

}  // namespace fathom::perf
