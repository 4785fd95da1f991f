#include "perf_support.hpp"

#include "this_process.hpp"

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fathom::live {

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

}  // namespace fathom::live
