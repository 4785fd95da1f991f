#include "wait_descriptor.hpp"

#include <fathom/base/error.hpp>

#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <limits>

namespace fathom::perf {

namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

void set(int clock, Timestamp when) noexcept {
  itimerspec at{};
  at.it_value.tv_sec = static_cast<time_t>(when.nanoseconds / kSecond);
  at.it_value.tv_nsec = static_cast<long>(when.nanoseconds % kSecond);
  ::timerfd_settime(clock, TFD_TIMER_ABSTIME, &at, nullptr);
}

}  // namespace

WaitDescriptor::WaitDescriptor()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)), clock_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
  if (!epoll_ || !clock_)
    throw Error(errno, "create a descriptor to wait for perf events");
  add(clock_.get());
}

bool WaitDescriptor::wait(Duration timeout) const {
  // Rounded up: who waits for less than a millisecond does not mean not at all.
  const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
  const int most = static_cast<int>(std::clamp<std::int64_t>(rounded, 0, std::numeric_limits<int>::max()));
  epoll_event ready{};
  const int count = ::epoll_wait(epoll_.get(), &ready, 1, most);
  if (count < 0 && errno != EINTR)
    throw Error(errno, "wait for a perf event");
  return count > 0;
}

void WaitDescriptor::add(int fd) const {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
    throw Error(errno, "wait for a perf event");
}

void WaitDescriptor::remove(int fd) const noexcept {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void WaitDescriptor::look_at(Timestamp when) const noexcept {
  set(clock_.get(), when);
}

void WaitDescriptor::look_never() const noexcept {
  set(clock_.get(), {});
}

}  // namespace fathom::perf
