#pragma once

#include <fathom/base/error.hpp>

#include <cerrno>
#include <memory>
#include <utility>

namespace fathom::profile {

/// What a class has made in the kernel. Throws Error (EBADF) of one that was moved from.
template <class State>
State& alive(const std::unique_ptr<State>& state) {
  if (!state)
    throw Error(EBADF, "use what watches the kernel", {}, "it was moved from");
  return *state;
}

/// Sets it; throws Error (EINVAL) if it is set.
inline void check_first_stop(bool& stopped) {
  if (std::exchange(stopped, true))
    throw Error(EINVAL, "stop a profile", {}, "it was stopped before");
}

}  // namespace fathom::profile
