#include <fathom/base/error.hpp>
#include <fathom/base/unique_fd.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace fathom {

UniqueFd UniqueFd::duplicate(int fd) {
  UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!copy) {
    const int error = errno;
    throw Error(error, "duplicate descriptor " + std::to_string(fd));
  }
  return copy;
}

void UniqueFd::reset(int fd) noexcept {
  if (fd_ >= 0) {
    const int saved = errno;
    ::close(fd_);
    errno = saved;
  }
  fd_ = fd;
}

}  // namespace fathom
