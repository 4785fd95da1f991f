#include "wait_set.hpp"

#include <fathom/base/error.hpp>

#include <sys/epoll.h>

#include <cerrno>

namespace fathom::symbols {

UniqueFd wait_set(std::initializer_list<int> descriptors) {
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll)
    throw Error(errno, "create an epoll descriptor");
  for (const int fd : descriptors) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) != 0)
      throw Error(errno, "wait for changes of the kernel's symbols");
  }
  return epoll;
}

}  // namespace fathom::symbols
