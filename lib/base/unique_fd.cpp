#include <fathom/base/unique_fd.hpp>

#include <unistd.h>

#include <cerrno>

namespace fathom {

void UniqueFd::reset(int fd) noexcept {
  if (fd_ >= 0) {
    const int saved = errno;
    ::close(fd_);
    errno = saved;
  }
  fd_ = fd;
}

}  // namespace fathom
