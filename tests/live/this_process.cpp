#include "this_process.hpp"

#include <poll.h>
#include <sched.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <system_error>

namespace fathom::live {

bool in_vm() {
  return std::getenv("FATHOM_VM") != nullptr;
}

std::set<std::string> open_descriptors() {
  std::set<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    const std::string target = std::filesystem::read_symlink(entry.path(), error).string();
    if (!target.ends_with("/fd"))  // the one that lists
      found.insert(entry.path().filename().string() + " -> " + target);
  }
  return found;
}

bool readable(int fd, std::chrono::milliseconds timeout) {
  pollfd waited{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&waited, 1, static_cast<int>(timeout.count())) == 1;
}

std::chrono::nanoseconds thread_time() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

void work_for(std::chrono::nanoseconds time) {
  const auto until = thread_time() + time;
  while (thread_time() < until) {
  }
}

void pin_to(unsigned cpu) {
  cpu_set_t there{};
  CPU_SET(cpu, &there);
  ::sched_setaffinity(0, sizeof there, &there);
}

}  // namespace fathom::live
