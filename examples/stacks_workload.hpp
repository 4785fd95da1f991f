#pragma once

#include <cstdint>
#include <functional>

// What --check lets a child do: functions with names of their own, built with frame pointers.
extern "C" {
/// Burns CPU time of this thread, and then in a function that it calls.
[[gnu::noinline]] void stacks_check_outer(std::int64_t own_ns, std::int64_t callee_ns);
[[gnu::noinline]] void stacks_check_inner(std::int64_t ns);
/// Sleeps so often, and gives the time that it took by the clock, in nanoseconds.
[[gnu::noinline]] std::int64_t stacks_check_sleep(unsigned times, std::int64_t ns);
}

namespace stacks {

/// Forks a child, which waits.
class Worker {
 public:
  /// `work` gives a number, which the child reports.
  explicit Worker(const std::function<std::int64_t()>& work);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  [[nodiscard]] int pid() const { return pid_; }
  /// Lets it work, waits for its end, and gives its number.
  std::int64_t run();

 private:
  int pid_ = -1;
  int start_ = -1;
  int result_ = -1;
};

}  // namespace stacks
