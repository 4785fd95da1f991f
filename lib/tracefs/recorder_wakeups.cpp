#include "recorder_wakeups.hpp"

#include <fathom/base/error.hpp>

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>

namespace fathom::tracefs {

namespace {

timespec to_timespec(std::chrono::nanoseconds time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
  return {seconds.count(), (time - seconds).count()};
}

// Of the timer, which has no number.
constexpr std::uint64_t kTimer = ~std::uint64_t{0};

epoll_event event_of(std::uint32_t events, std::uint64_t number) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = number;
  return event;
}

// False for an ordinary file, which is a source in a copied tree and for which nobody can wait.
bool watch(int all, int descriptor, epoll_event event) {
  if (::epoll_ctl(all, EPOLL_CTL_ADD, descriptor, &event) == 0)
    return true;
  const int error = errno;
  if (error != EPERM)
    throw Error(error, "wait for a ring buffer");
  return false;
}

}  // namespace

RecorderWakeups::RecorderWakeups(std::chrono::milliseconds tick)
    : tick_(tick),
      all_(::epoll_create1(EPOLL_CLOEXEC)),
      timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
  if (!all_ || !timer_)
    throw Error(errno, "wait for ring buffers");
  (void)watch(all_.get(), timer_.get(), event_of(EPOLLIN, kTimer));
  arm(tick_);
}

void RecorderWakeups::add(int pipe) {
  const bool armed = pipe >= 0 && watch(all_.get(), pipe, event_of(EPOLLIN | EPOLLONESHOT, pipes_.size()));
  pipes_.push_back({.descriptor = armed ? pipe : -1, .armed = armed});
}

bool RecorderWakeups::clear() noexcept {
  constexpr int kAtATime = 64;
  std::array<epoll_event, kAtATime> events{};
  std::uint64_t expirations = 0;
  ticked_ = ::read(timer_.get(), &expirations, sizeof(expirations)) > 0;
  int count = kAtATime;
  while (count == kAtATime) {
    count = ::epoll_wait(all_.get(), events.data(), kAtATime, 0);
    for (int i = 0; i < count; ++i) {
      const std::uint64_t number = events[static_cast<std::size_t>(i)].data.u64;
      if (number >= pipes_.size())
        continue;
      pipes_[number].armed = false;
      pipes_[number].has_woken = true;
    }
  }
  return ticked_;
}

bool RecorderWakeups::can_wait(std::size_t number) noexcept {
  Pipe& pipe = pipes_[number];
  if (ticked_)
    ++pipe.ticks_waited;
  if (pipe.armed && pipe.has_woken && pipe.ticks_waited < kPatience)
    return true;
  pipe.ticks_waited = 0;
  return false;
}

// By epoll_ctl: the kernel notes that somebody waits for a full buffer only when it is asked how full that is, and
// forgets it when it wakes (rb_wake_up_waiters).
void RecorderWakeups::again(std::size_t number, bool gave) noexcept {
  Pipe& pipe = pipes_[number];
  if (pipe.descriptor < 0 || pipe.armed || !(gave || ticked_))
    return;
  epoll_event event = event_of(EPOLLIN | EPOLLONESHOT, number);
  pipe.armed = ::epoll_ctl(all_.get(), EPOLL_CTL_MOD, pipe.descriptor, &event) == 0;
}

void RecorderWakeups::arm(std::chrono::nanoseconds first) noexcept {
  const itimerspec when{to_timespec(tick_), to_timespec(first)};
  (void)::timerfd_settime(timer_.get(), 0, &when, nullptr);
}

}  // namespace fathom::tracefs
