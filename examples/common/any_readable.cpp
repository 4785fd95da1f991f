#include "common/any_readable.hpp"

#include <fathom/base/error.hpp>

#include <poll.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <cerrno>

namespace examples {

AnyReadable::AnyReadable() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_)
    throw fathom::Error(errno, "make an epoll descriptor");
}

void AnyReadable::add(int fd) {
  if (fd < 0)
    return;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
    throw fathom::Error(errno, "wait for a descriptor");
}

void AnyReadable::add_timer(std::chrono::nanoseconds time) {
  timer_.reset(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
  if (!timer_)
    throw fathom::Error(errno, "make a timer");
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
  itimerspec spec{};
  spec.it_value.tv_sec = seconds.count();
  spec.it_value.tv_nsec = (time - seconds).count();
  if (::timerfd_settime(timer_.get(), 0, &spec, nullptr) != 0)
    throw fathom::Error(errno, "set a timer");
  add(timer_.get());
}

bool AnyReadable::timer_expired() const {
  pollfd ready{timer_.get(), POLLIN, 0};
  return timer_ && ::poll(&ready, 1, 0) == 1;
}

}  // namespace examples
