#include "perf_support.hpp"

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <iterator>

namespace fathom::live {

namespace {

std::size_t open_descriptors() {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator()));
}

std::chrono::nanoseconds thread_time() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace

void PerfTest::SetUp() {
  descriptors_ = open_descriptors();
}

void PerfTest::TearDown() {
  EXPECT_EQ(open_descriptors(), descriptors_);
}

void call_getppid(unsigned times) {
  for (unsigned i = 0; i < times; ++i)
    (void)::syscall(SYS_getppid);
}

void in_own_process(const std::function<void()>& work) {
  const int pid = ::fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) {
    work();
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
}

void burn(unsigned milliseconds) {
  const auto until = thread_time() + std::chrono::milliseconds(milliseconds);
  while (thread_time() < until) {
  }
}

}  // namespace fathom::live
