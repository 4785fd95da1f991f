#include "timer_support.hpp"

#include <linux/perf_event.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ctime>

namespace fathom::live {

using namespace std::chrono_literals;

namespace {

void pin_to(unsigned cpu) {
  cpu_set_t there{};
  CPU_SET(cpu, &there);
  ::sched_setaffinity(0, sizeof there, &there);
}

}  // namespace

AwakeCpus::AwakeCpus() {
  for (const unsigned cpu : CpuSet::online().cpus())
    threads_.emplace_back([cpu](const std::stop_token& stop) {
      pin_to(cpu);
      while (!stop.stop_requested()) {
        const auto until = std::chrono::steady_clock::now() + 9ms;  // at 250 a second
        while (std::chrono::steady_clock::now() < until) {
        }
        std::this_thread::sleep_for(100ms);
      }
    });
}

namespace {

// A header and the time: 16 bytes.
constexpr std::uint64_t kRecordBytes = 16;
// Room for sixteen thousand of them.
constexpr std::size_t kRingBytes = std::size_t{65} * 4096;

}  // namespace

RawTicks::RawTicks(std::uint64_t period_ns) {
  perf_event_attr attr{};
  attr.size = sizeof attr;
  attr.type = PERF_TYPE_SOFTWARE;
  attr.config = PERF_COUNT_SW_CPU_CLOCK;
  attr.sample_period = period_ns;
  attr.sample_type = PERF_SAMPLE_TIME;
  for (const unsigned cpu : CpuSet::online().cpus()) {
    const auto fd =
        static_cast<int>(::syscall(SYS_perf_event_open, &attr, -1, static_cast<int>(cpu), -1, PERF_FLAG_FD_CLOEXEC));
    void* const ring = ::mmap(nullptr, kRingBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (ring == MAP_FAILED)
      ADD_FAILURE() << "no raw ticks on CPU " << cpu;
    else
      cpus_.push_back({fd, ring});
  }
}

RawTicks::~RawTicks() {
  for (const auto& [fd, ring] : cpus_) {
    ::munmap(ring, kRingBytes);
    ::close(fd);
  }
}

std::uint64_t RawTicks::count() const {
  std::uint64_t sum = 0;
  for (const auto& [fd, ring] : cpus_)
    sum += static_cast<volatile perf_event_mmap_page*>(ring)->data_head / kRecordBytes;
  return sum;
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

bool readable(int fd, std::chrono::milliseconds timeout) {
  pollfd waited{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&waited, 1, static_cast<int>(timeout.count())) == 1;
}

}  // namespace fathom::live
