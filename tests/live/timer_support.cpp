#include "timer_support.hpp"

#include "this_process.hpp"

#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace fathom::live {

using namespace std::chrono_literals;

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

}  // namespace fathom::live
