#include "common/all_ended.hpp"

#include <fathom/base/error.hpp>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

namespace examples {

namespace {

fathom::UniqueFd open_process(int pid) {
  // glibc 2.36 has a function for it, but no other libc.
  fathom::UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (fd)
    return fd;
  const int error = errno;
  throw fathom::Error(error, "find process", std::to_string(pid),
                      error == ESRCH    ? "it has ended, or never was"
                      : error == EINVAL ? "this is a thread: give the number of its process"
                                        : "");
}

fathom::UniqueFd make_event() {
  fathom::UniqueFd fd(::eventfd(0, EFD_CLOEXEC));
  if (!fd)
    throw fathom::Error(errno, "make an event descriptor");
  return fd;
}

void set(const fathom::UniqueFd& event) {
  const eventfd_t one = 1;
  // It can fail only if it was set 2^64 times.
  static_cast<void>(::eventfd_write(event.get(), one));
}

}  // namespace

AllEnded::AllEnded(const std::vector<int>& pids) : all_ended_(make_event()), give_up_(make_event()) {
  for (const int pid : pids)
    processes_.push_back(open_process(pid));
  thread_ = std::thread([this] { wait(); });
}

AllEnded::~AllEnded() {
  set(give_up_);
  thread_.join();
}

void AllEnded::wait() const {
  std::vector<pollfd> waiting{{give_up_.get(), POLLIN, 0}};
  for (const fathom::UniqueFd& process : processes_)
    waiting.push_back({process.get(), POLLIN, 0});
  while (waiting.size() > 1) {
    if (::poll(waiting.data(), waiting.size(), -1) < 0)
      continue;
    if (waiting[0].revents != 0)
      return;
    std::erase_if(waiting, [](const pollfd& process) { return process.revents != 0; });
  }
  set(all_ended_);
}

}  // namespace examples
