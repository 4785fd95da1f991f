#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>

namespace fathom::live {

/// A test that leaves no descriptor open.
class PerfTest : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

 private:
  std::set<std::string> descriptors_;
};

/// The event of the system call that call_getppid() makes.
inline constexpr const char* kGetppid = "syscalls:sys_enter_getppid";

/// Makes the system call getppid so often.
void call_getppid(unsigned times);

/// Forks a child that does `work`, and waits for its end.
void in_own_process(const std::function<void()>& work);

}  // namespace fathom::live
