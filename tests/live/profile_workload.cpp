#include "profile_workload.hpp"

#include <sys/syscall.h>

#include <cstdint>
#include <ctime>

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

// The kernel is asked directly: the C library has no frame pointers, and would be a gap in the stack.
[[gnu::always_inline]] inline void sleep_in_kernel(std::int64_t ns) {
  const timespec time{.tv_sec = ns / 1'000'000'000, .tv_nsec = ns % 1'000'000'000};
  long result = SYS_nanosleep;
  asm volatile("syscall" : "+a"(result) : "D"(&time), "S"(nullptr) : "rcx", "r11", "memory");
}

// Behind a call, so that it does not become a jump, which would take the caller off the stack.
[[gnu::always_inline]] inline void stay() {
  asm volatile("" ::: "memory");
}

}  // namespace

void fathom_spin_inner(std::int64_t ns) {
  spin(ns);
}

void fathom_spin_outer(std::int64_t outer_ns, std::int64_t inner_ns) {
  spin(outer_ns);
  fathom_spin_inner(inner_ns);
  stay();
}

void fathom_spin_after_exec(std::int64_t ns) {
  spin(ns);
}

std::int64_t fathom_sleep_inner(std::int64_t ns) {
  const std::int64_t begin = clock_of(CLOCK_MONOTONIC);
  sleep_in_kernel(ns);
  return clock_of(CLOCK_MONOTONIC) - begin;
}

std::int64_t fathom_sleep_outer(unsigned times, std::int64_t ns) {
  std::int64_t took = 0;
  for (unsigned i = 0; i < times; ++i)
    took += fathom_sleep_inner(ns);
  return took;
}
