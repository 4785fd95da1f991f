#pragma once

#include <fathom/base/unique_fd.hpp>

#include <initializer_list>

namespace fathom::symbols {

/// An epoll descriptor that is readable when one of these is. They are not owned, and leave it when they are closed.
/// Throws Error.
[[nodiscard]] UniqueFd wait_set(std::initializer_list<int> descriptors);

}  // namespace fathom::symbols
