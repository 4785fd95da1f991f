#pragma once

#include <fathom/base/error.hpp>

#include <cerrno>
#include <memory>

namespace fathom {

/// What a class holds. Throws Error (EBADF) of one that was moved from.
template <class State>
State& alive(const std::unique_ptr<State>& state) {
  if (!state)
    throw Error(EBADF, "use what watches the kernel", {}, "it was moved from");
  return *state;
}

}  // namespace fathom
