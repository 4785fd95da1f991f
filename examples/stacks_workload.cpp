#include "stacks_workload.hpp"

#include <fathom/base/error.hpp>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <utility>

namespace {

std::int64_t clock_of(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// The loop is in the caller's own code, so that samples of it have the caller's name.
[[gnu::always_inline]] inline void spin(std::int64_t ns) {
  const std::int64_t end = clock_of(CLOCK_THREAD_CPUTIME_ID) + ns;
  while (clock_of(CLOCK_THREAD_CPUTIME_ID) < end) {
    for (unsigned volatile count = 0; count < 200'000;)
      count = count + 1;
  }
}

}  // namespace

void stacks_check_inner(std::int64_t ns) {
  spin(ns);
}

void stacks_check_outer(std::int64_t own_ns, std::int64_t callee_ns) {
  spin(own_ns);
  stacks_check_inner(callee_ns);
  asm volatile("" ::: "memory");  // what follows a call keeps it from becoming a jump
}

std::int64_t stacks_check_sleep(unsigned times, std::int64_t ns) {
  const timespec time{.tv_sec = ns / 1'000'000'000, .tv_nsec = ns % 1'000'000'000};
  std::int64_t took = 0;
  for (unsigned i = 0; i < times; ++i) {
    const std::int64_t begin = clock_of(CLOCK_MONOTONIC);
    ::clock_nanosleep(CLOCK_MONOTONIC, 0, &time, nullptr);
    took += clock_of(CLOCK_MONOTONIC) - begin;
  }
  return took;
}

namespace stacks {

Worker::Worker(const std::function<std::int64_t()>& work) {
  std::array<int, 2> start{};
  std::array<int, 2> result{};
  if (::pipe2(start.data(), O_CLOEXEC) != 0 || ::pipe2(result.data(), O_CLOEXEC) != 0)
    throw fathom::Error(errno, "make a pipe");
  pid_ = ::fork();
  if (pid_ < 0)
    throw fathom::Error(errno, "fork");
  if (pid_ == 0) {
    ::close(start[1]);
    char byte = 0;
    if (::read(start[0], &byte, 1) != 1)
      ::_exit(1);
    const std::int64_t number = work();
    ::_exit(::write(result[1], &number, sizeof number) == sizeof number ? 0 : 1);
  }
  ::close(start[0]);
  ::close(result[1]);
  start_ = start[1];
  result_ = result[0];
}

Worker::~Worker() {
  if (start_ >= 0)
    ::close(start_);
  if (pid_ > 0)
    ::waitpid(pid_, nullptr, 0);
  ::close(result_);
}

std::int64_t Worker::run() {
  std::int64_t number = 0;
  const bool told = ::write(start_, "x", 1) == 1;
  ::close(std::exchange(start_, -1));
  if (!told || ::read(result_, &number, sizeof number) != sizeof number)
    throw fathom::Error(std::errc::broken_pipe, "hear of the child");
  ::waitpid(std::exchange(pid_, -1), nullptr, 0);
  return number;
}

}  // namespace stacks
