#include "above_standard.hpp"

#include <fathom/base/error.hpp>
#include <fathom/process/stop_signals.hpp>

#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace fathom {

namespace {

constexpr std::array kStopSignals = {SIGINT, SIGTERM, SIGHUP};

bool is_ignored(int signal) {
  struct sigaction action{};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

// The oldest signal that waits on `fd`; empty if there is none.
std::optional<int> read_signal(int fd) {
  signalfd_siginfo info{};
  for (;;) {
    const ssize_t size = ::read(fd, &info, sizeof info);
    if (size == static_cast<ssize_t>(sizeof info))
      return static_cast<int>(info.ssi_signo);
    if (size < 0 && errno == EINTR)
      continue;
    return std::nullopt;
  }
}

}  // namespace

StopSignals::StopSignals() {
  blocked_here_.reserve(kStopSignals.size());  // nothing may throw once the mask is changed
  sigset_t wanted;
  sigemptyset(&wanted);
  // A blocked signal is queued even where it is ignored, so an ignored one must stay out of the set.
  for (const int signal : kStopSignals) {
    if (!is_ignored(signal))
      sigaddset(&wanted, signal);
  }
  fd_ = process::above_standard(UniqueFd(::signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC)));
  if (!fd_)
    throw Error(errno, "open a signalfd");
  sigset_t before;
  ::pthread_sigmask(SIG_BLOCK, &wanted, &before);
  for (const int signal : kStopSignals) {
    if (sigismember(&wanted, signal) == 1 && sigismember(&before, signal) == 0)
      blocked_here_.push_back(signal);
  }
}

StopSignals::~StopSignals() {
  // Once one was seen the program is on its way out: a second Ctrl-C must not kill it at the last moment.
  if (first_) {
    while (read_signal(fd_.get()))
      continue;
  }
  sigset_t blocked;
  sigemptyset(&blocked);
  for (const int signal : blocked_here_)
    sigaddset(&blocked, signal);
  ::pthread_sigmask(SIG_UNBLOCK, &blocked, nullptr);
}

std::optional<int> StopSignals::received() {
  while (const std::optional<int> signal = read_signal(fd_.get())) {
    if (!first_)
      first_ = signal;
  }
  return first_;
}

}  // namespace fathom
