#pragma once

#include <fathom/base/unique_fd.hpp>

#include <fcntl.h>
#include <unistd.h>

namespace fathom::process {

/// The same file under a number above the standard ones. In a program that was started with one of these closed, a new
/// file gets its number, and would be read, written or inherited as the standard file. Empty, with errno set, if there
/// is no number left or `fd` is empty.
inline UniqueFd above_standard(UniqueFd fd) noexcept {
  if (!fd || fd.get() > STDERR_FILENO)
    return fd;
  return UniqueFd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

}  // namespace fathom::process
