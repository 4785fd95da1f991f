#include "cpu_load.hpp"

#include <fathom/base/error.hpp>

#include <pthread.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <future>
#include <utility>

namespace examples {

namespace {

using std::chrono::nanoseconds;
using std::chrono::steady_clock;

// Binds the calling thread; 0 or the errno.
int bind_to(unsigned cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  return ::sched_setaffinity(0, sizeof set, &set) == 0 ? 0 : errno;
}

void run(const std::stop_token& stop, double share, nanoseconds period) {
  const auto busy = std::chrono::duration_cast<nanoseconds>(period * share);
  for (auto begin = steady_clock::now(); !stop.stop_requested(); begin += period) {
    while (steady_clock::now() < begin + busy && !stop.stop_requested()) {
    }
    if (share < 1)
      std::this_thread::sleep_until(begin + period);
  }
}

}  // namespace

CpuLoad::CpuLoad(unsigned cpu, double share, nanoseconds period) {
  if (share <= 0)
    return;
  std::promise<std::pair<int, int>> started;  // errno, thread id
  auto start = started.get_future();
  thread_ = std::jthread([cpu, share, period, &started](const std::stop_token& stop) {
    const int error = bind_to(cpu);
    started.set_value({error, ::gettid()});
    if (error == 0)
      run(stop, share, period);
  });
  const auto [error, tid] = start.get();
  if (error != 0)
    throw fathom::Error(error, "run a thread on CPU " + std::to_string(cpu));
  tid_ = tid;
}

nanoseconds CpuLoad::cpu_time() const {
  clockid_t clock = 0;
  timespec time{};
  // A jthread's handle is no const member.
  if (tid_ == 0 || ::pthread_getcpuclockid(const_cast<std::jthread&>(thread_).native_handle(), &clock) != 0 ||
      ::clock_gettime(clock, &time) != 0)
    return {};
  return std::chrono::seconds(time.tv_sec) + nanoseconds(time.tv_nsec);
}

}  // namespace examples
