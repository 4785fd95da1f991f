#pragma once

#include <fathom/base/error.hpp>

#include <cerrno>
#include <utility>

namespace fathom::profile {

/// Sets it; throws Error (EINVAL) if it is set.
inline void check_first_stop(bool& stopped) {
  if (std::exchange(stopped, true))
    throw Error(EINVAL, "stop a profile", {}, "it was stopped before");
}

}  // namespace fathom::profile
