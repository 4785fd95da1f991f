#include "readable.hpp"

#include "error_cause.hpp"

#include <poll.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

namespace fathom::bpf {

using std::chrono::nanoseconds;
using std::chrono::steady_clock;

Deadline::Deadline(std::optional<nanoseconds> timeout) {
  const auto now = steady_clock::now();
  // A time that no clock reaches is for ever.
  if (timeout && *timeout < steady_clock::time_point::max() - now)
    end_ = now + *timeout;
}

std::optional<nanoseconds> Deadline::left() const {
  if (!end_)
    return std::nullopt;
  return std::max<nanoseconds>(nanoseconds::zero(), *end_ - steady_clock::now());
}

UniqueFd make_epoll(const BpfMap& map) {
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) {
    const int error = errno;
    throw failed(error, "make an epoll descriptor for", map.object_name(), map.name());
  }
  return epoll;
}

void add_to_epoll(const UniqueFd& epoll, std::uint32_t events, int fd, const BpfMap& map) {
  epoll_event event{};
  event.events = events;
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    const int error = errno;
    throw failed(error, "wait for", map.object_name(), map.name());
  }
}

bool wait_readable(const UniqueFd& fd, const Deadline& deadline, const BpfMap& map) {
  if (!fd)  // of a reader that was moved from; ppoll() passes over it
    throw failed(EBADF, "wait for", map.object_name(), map.name());
  pollfd one{.fd = fd.get(), .events = POLLIN, .revents = 0};
  timespec time{};
  const auto left = deadline.left();
  if (left) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(*left);
    time.tv_sec = seconds.count();
    time.tv_nsec = (*left - seconds).count();
  }
  const int ready = ::ppoll(&one, 1, left ? &time : nullptr, nullptr);
  if (ready < 0 && errno != EINTR) {
    const int error = errno;
    throw failed(error, "wait for", map.object_name(), map.name());
  }
  // Somebody closed the descriptor, which ppoll() calls an event that goes on for ever.
  if (ready > 0 && (one.revents & POLLNVAL) != 0)
    throw failed(EBADF, "wait for", map.object_name(), map.name());
  return ready > 0;
}

}  // namespace fathom::bpf
