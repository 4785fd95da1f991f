// PerfCounter and PerfSampler against read(2) and a loop over the ring written by hand. Needs a kernel that lets this
// process count its own page faults; without it every benchmark says so.
#include "paired_ratio.hpp"

#include <fathom/base/unique_fd.hpp>
#include <fathom/perf/perf_counter.hpp>
#include <fathom/perf/perf_sampler.hpp>

#include <benchmark/benchmark.h>

#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <exception>
#include <stdexcept>
#include <string>

namespace {

using fathom::bench::paired_ratio;

constexpr std::size_t kPageSize = 4096;
constexpr int kFaults = 4000;  // in each turn
constexpr std::size_t kMemory = kFaults * kPageSize;
constexpr std::size_t kRingPages = 128;  // room for these

fathom::UniqueFd open_own(const perf_event_attr& attr) {
  const long fd = ::syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
  if (fd < 0)
    throw std::runtime_error(std::string("perf_event_open: ") + std::strerror(errno));
  return fathom::UniqueFd(static_cast<int>(fd));
}

// --- Counting --------------------------------------------------------------------------------------------------------

void read_counter(benchmark::State& state) {
  try {
    constexpr int kReads = 1000;
    perf_event_attr attr{};
    attr.size = sizeof attr;
    attr.type = PERF_TYPE_SOFTWARE;
    attr.config = PERF_COUNT_SW_TASK_CLOCK;
    attr.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
    const fathom::UniqueFd raw = open_own(attr);
    const fathom::PerfCounter counter{"task-clock"};
    std::uint64_t ours = 0;
    std::uint64_t theirs = 0;
    bool rises = true;
    paired_ratio(
        state,
        [&] {
          for (int i = 0; i < kReads; ++i) {
            const std::uint64_t now = counter.read().value;
            rises = rises && now > ours;
            ours = now;
          }
        },
        [&] {
          for (int i = 0; i < kReads; ++i) {
            std::array<std::uint64_t, 3> words{};
            const bool whole = ::read(raw.get(), words.data(), sizeof words) == sizeof words;
            rises = rises && whole && words[0] > theirs;
            theirs = words[0];
          }
        });
    if (!rises)
      state.SkipWithError("a clock did not go on");
    state.SetItemsProcessed(state.iterations() * kReads);
  } catch (const std::exception& error) {
    state.SkipWithError(error.what());
  }
}

// --- Sampling --------------------------------------------------------------------------------------------------------

// What a program makes of the samples, at the least.
struct Sum {
  std::uint64_t samples = 0;
  std::uint64_t tids = 0;
  std::uint64_t ips = 0;
  bool operator==(const Sum&) const = default;
};

// The body of a sample with PERF_SAMPLE_IP, _TID, _TIME and _CPU.
struct Sample {
  std::uint64_t ip;
  std::uint32_t pid;
  std::uint32_t tid;
  std::uint64_t time;
  std::uint32_t cpu;
  std::uint32_t reserved;
};

// A ring and a loop over it as they are mostly written.
class RawSampler {
 public:
  RawSampler() {
    perf_event_attr attr{};
    attr.size = sizeof attr;
    attr.type = PERF_TYPE_SOFTWARE;
    attr.config = PERF_COUNT_SW_PAGE_FAULTS;
    attr.sample_period = 1;
    attr.sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU;
    attr.use_clockid = 1;
    attr.clockid = CLOCK_MONOTONIC;
    attr.wakeup_events = 1;
    event_ = open_own(attr);
    void* const memory =
        ::mmap(nullptr, (kRingPages + 1) * kPageSize, PROT_READ | PROT_WRITE, MAP_SHARED, event_.get(), 0);
    if (memory == MAP_FAILED)
      throw std::runtime_error(std::string("mmap: ") + std::strerror(errno));
    control_ = static_cast<perf_event_mmap_page*>(memory);
    data_ = static_cast<const std::byte*>(memory) + kPageSize;
  }
  ~RawSampler() { ::munmap(control_, (kRingPages + 1) * kPageSize); }
  RawSampler(const RawSampler&) = delete;
  RawSampler& operator=(const RawSampler&) = delete;

  void drain(Sum& sum) {
    const auto head = std::atomic_ref(control_->data_head).load(std::memory_order_acquire);
    auto tail = control_->data_tail;
    while (tail < head) {
      perf_event_header header{};
      copy(&header, tail, sizeof header);
      if (header.type == PERF_RECORD_SAMPLE) {
        Sample sample{};
        copy(&sample, tail + sizeof header, sizeof sample);
        sum.samples += 1;
        sum.tids += sample.tid;
        sum.ips += sample.ip;
      }
      tail += header.size;
    }
    std::atomic_ref(control_->data_tail).store(tail, std::memory_order_release);
  }

 private:
  void copy(void* to, std::uint64_t from, std::size_t size) const {
    constexpr std::size_t kSize = kRingPages * kPageSize;
    const std::size_t at = from % kSize;
    const std::size_t first = std::min(size, kSize - at);
    std::memcpy(to, data_ + at, first);
    std::memcpy(static_cast<std::byte*>(to) + first, data_, size - first);
  }

  fathom::UniqueFd event_;
  perf_event_mmap_page* control_ = nullptr;
  const std::byte* data_ = nullptr;
};

// Makes page faults.
void touch_pages() {
  void* const memory = ::mmap(nullptr, kMemory, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    throw std::runtime_error("no memory to touch");
  ::madvise(memory, kMemory, MADV_NOHUGEPAGE);
  for (std::size_t at = 0; at < kMemory; at += kPageSize)
    static_cast<volatile char*>(memory)[at] = 1;
  ::munmap(memory, kMemory);
}

void drain_samples(benchmark::State& state) {
  try {
    RawSampler raw;
    fathom::PerfSampler sampler{"page-faults", {.rate = fathom::EventCount{1}, .ring_pages = kRingPages}};
    for (int i = 0; i < 5; ++i) {  // until its memory has grown, which is page faults as well
      touch_pages();
      (void)sampler.drain();
      Sum none;
      raw.drain(none);
    }
    Sum ours;
    Sum theirs;
    paired_ratio(
        state,
        [&] {
          const fathom::PerfSampleBatch batch = sampler.drain();
          for (const fathom::PerfSample& sample : batch.samples()) {
            ours.samples += 1;
            ours.tids += static_cast<std::uint64_t>(*sample.tid);
            ours.ips += *sample.ip;
          }
        },
        [&] { raw.drain(theirs); }, [] { touch_pages(); });
    // What was between the opening of the two, and in the draining itself, is a handful.
    const auto between = static_cast<std::int64_t>(ours.samples) - static_cast<std::int64_t>(theirs.samples);
    if (ours.samples < static_cast<std::uint64_t>(state.iterations() * kFaults) || std::abs(between) > 1000 ||
        sampler.stats().lost_events != 0)
      state.SkipWithError("the two saw different samples");
    state.SetItemsProcessed(state.iterations() * kFaults);
  } catch (const std::exception& error) {
    state.SkipWithError(error.what());
  }
}

}  // namespace

BENCHMARK(read_counter)->Name("read_counter/against_read")->UseManualTime();
BENCHMARK(drain_samples)->Name("drain_samples/against_a_loop")->UseManualTime()->Iterations(50);

BENCHMARK_MAIN();
