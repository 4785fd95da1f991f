// What a PerfTimer costs: against perf_event_open(2) and libbpf by hand, on all CPUs.
//
//   BUILD_DIR/benchmarks/perf_timer_cost [RUNS [HZ [SECONDS]]]
//
// Turn by turn, so that whatever else the machine does strikes both alike; the medians of the turns' ratios are told.
// With a program: the 99th percentile of its jitter, how long after the soonest tick of that CPU's grid each tick came,
// and its run_time_ns per tick. Without one: the CPU time of this process per tick that woke it. The answer is checked:
// both see at least half of the ticks that there should be, and no more than a sleep that is late makes of them. Fails
// if the median of ours is more than 1.1 times that by hand, and 5 us for the jitter. Needs root.
#include <fathom/base/cpu_set.hpp>
#include <fathom/base/error.hpp>
#include <fathom/base/unique_fd.hpp>
#include <fathom/bpf/bpf_object.hpp>
#include <fathom/bpf/bpf_stats.hpp>
#include <fathom/bpf/perf_event_program.hpp>
#include <fathom/bpf/ring_buffer.hpp>
#include <fathom/perf/perf_timer.hpp>

#include <bpf/bpf.h>
#include <linux/perf_event.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <exception>
#include <fathom-bpf/ticks.bpf.hpp>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using fathom::CpuSet;
using fathom::Error;
using fathom::PerfTimer;
using fathom::UniqueFd;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kRingPages = 8;  // of data, for both

struct Setting {
  int runs = 9;
  unsigned hertz = 1000;
  double seconds = 2;

  [[nodiscard]] std::uint64_t period() const { return 1'000'000'000 / hertz; }
  [[nodiscard]] Clock::time_point end() const {
    return Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  }
  void check(std::uint64_t ticks, const char* of) const {
    // At least half of one CPU's: a virtual machine's kernel may keep an idle CPU's clock from ticking at all.
    const double of_a_cpu = static_cast<double>(hertz) * seconds;
    const double all = of_a_cpu * static_cast<double>(CpuSet::online().size());
    if (static_cast<double>(ticks) < of_a_cpu / 2 || static_cast<double>(ticks) > all * 2)
      throw std::runtime_error(std::string(of) + ": another number of ticks, " + std::to_string(ticks));
  }
};

// An event by hand.
UniqueFd open_raw(const Setting& setting, unsigned cpu, bool wakes) {
  perf_event_attr attr{};
  attr.size = sizeof attr;
  attr.type = PERF_TYPE_SOFTWARE;
  attr.config = PERF_COUNT_SW_CPU_CLOCK;
  attr.sample_period = setting.period();
  attr.disabled = 1;
  attr.use_clockid = 1;
  attr.clockid = CLOCK_MONOTONIC;
  if (wakes) {
    attr.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU;
    attr.wakeup_events = 1;
  }
  UniqueFd fd(
      static_cast<int>(::syscall(SYS_perf_event_open, &attr, -1, static_cast<int>(cpu), -1, PERF_FLAG_FD_CLOEXEC)));
  if (!fd)
    throw Error(errno, "open a perf event");
  return fd;
}

struct ProgramCost {
  double p99_ns;
  double run_ns;
};

// How long after the soonest tick of its CPU's grid each tick came: the 99th percentile.
double p99(const std::map<unsigned, std::vector<std::uint64_t>>& times, std::uint64_t period) {
  std::vector<std::uint64_t> late;
  for (const auto& [cpu, ticks] : times) {
    std::vector<std::uint64_t> phases;
    for (const std::uint64_t tick : ticks)
      phases.push_back((tick - ticks.front()) % period);
    // Of most of them, from half a period before the median: a grid has no beginning that is known to both.
    std::vector<std::uint64_t> sorted = phases;
    std::ranges::nth_element(sorted, sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2));
    const std::uint64_t middle = sorted[sorted.size() / 2];
    for (std::uint64_t& phase : phases)
      phase = (phase + period + period / 4 - middle) % period;
    const std::uint64_t soonest = *std::ranges::min_element(phases);
    for (const std::uint64_t phase : phases)
      late.push_back(phase - soonest);
  }
  std::ranges::sort(late);
  return static_cast<double>(late[late.size() * 99 / 100]);
}

// A program for `seconds`, started and stopped by `run`.
template <class Run>
ProgramCost cost_of_program(const Setting& setting, const char* of, Run run) {
  const auto bpf = fathom::BpfObject::open(ticks::object).load();
  auto ring = bpf.ring_buffer<ticks::tick>(ticks::ticks);
  const auto program = bpf.program<fathom::PerfEventProgram>("on_tick");
  const fathom::BpfStats statistics;
  run(program);
  std::map<unsigned, std::vector<std::uint64_t>> times;
  std::uint64_t count = 0;
  for (const ticks::tick& tick : ring.drain()) {
    times[tick.cpu].push_back(tick.time);
    count += 1;
  }
  setting.check(count, of);
  return {.p99_ns = p99(times, setting.period()),
          .run_ns = static_cast<double>(program.run_time().count()) / static_cast<double>(program.run_count())};
}

ProgramCost our_program(const Setting& setting) {
  return cost_of_program(setting, "PerfTimer", [&](const fathom::PerfEventProgram& program) {
    PerfTimer timer{program, {.rate = fathom::Hz{setting.hertz}}};
    std::this_thread::sleep_until(setting.end());
    timer.stop();
  });
}

ProgramCost raw_program(const Setting& setting) {
  return cost_of_program(setting, "libbpf", [&](const fathom::PerfEventProgram& program) {
    std::vector<UniqueFd> events;
    std::vector<UniqueFd> links;
    for (const unsigned cpu : CpuSet::online().cpus()) {
      events.push_back(open_raw(setting, cpu, false));
      links.emplace_back(::bpf_link_create(program.native_handle(), events.back().get(), BPF_PERF_EVENT, nullptr));
      if (!links.back())
        throw Error(errno, "attach to a perf event");
    }
    // All at once, as PerfTimer does, here and below: how far apart CPUs tick changes how they disturb each other.
    for (const UniqueFd& event : events)
      ::ioctl(event.get(), PERF_EVENT_IOC_ENABLE, 0);
    std::this_thread::sleep_until(setting.end());
    for (const UniqueFd& event : events)
      ::ioctl(event.get(), PERF_EVENT_IOC_DISABLE, 0);
  });
}

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

double our_wakeups(const Setting& setting) {
  PerfTimer timer{{.rate = fathom::Hz{setting.hertz}, .ring_pages = kRingPages}};
  std::uint64_t ticks = 0;
  std::uint64_t newest = 0;
  const double before = cpu_seconds();
  for (const auto end = setting.end(); Clock::now() < end;) {
    static_cast<void>(timer.wait(std::chrono::milliseconds(100)));
    for (const fathom::PerfTick& tick : timer.drain().ticks) {
      ticks += 1;
      newest = std::max(newest, tick.time.nanoseconds);
    }
  }
  const double used = cpu_seconds() - before;
  setting.check(newest != 0 ? ticks : 0, "PerfTimer");
  return used * 1e9 / static_cast<double>(ticks);
}

// An event with its ring, as perf_event_open(2) describes it.
class RawRing {
 public:
  explicit RawRing(UniqueFd fd) : fd_(std::move(fd)) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    size_ = (1 + kRingPages) * page;
    void* const memory = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, fd_.get(), 0);
    if (memory == MAP_FAILED)
      throw Error(errno, "map a ring");
    control_ = static_cast<perf_event_mmap_page*>(memory);
    data_ = static_cast<const char*>(memory) + page;
    mask_ = kRingPages * page - 1;
  }
  ~RawRing() {
    if (control_ != nullptr)
      ::munmap(control_, size_);
  }
  RawRing(RawRing&& other) noexcept
      : fd_(std::move(other.fd_)),
        control_(std::exchange(other.control_, nullptr)),
        data_(other.data_),
        size_(other.size_),
        mask_(other.mask_) {}
  RawRing& operator=(RawRing&&) = delete;
  RawRing(const RawRing&) = delete;
  RawRing& operator=(const RawRing&) = delete;

  [[nodiscard]] int fd() const { return fd_.get(); }
  // Samples of 32 bytes never wrap around.
  void drain(std::uint64_t& ticks, std::uint64_t& newest) {
    const auto head = std::atomic_ref(control_->data_head).load(std::memory_order_acquire);
    auto tail = control_->data_tail;
    while (tail != head) {
      perf_event_header header{};
      std::memcpy(&header, data_ + (tail & mask_), sizeof header);
      if (header.type == PERF_RECORD_SAMPLE) {
        std::uint64_t time = 0;
        std::memcpy(&time, data_ + ((tail + 16) & mask_), sizeof time);
        ticks += 1;
        newest = std::max(newest, time);
      }
      tail += header.size;
    }
    std::atomic_ref(control_->data_tail).store(tail, std::memory_order_release);
  }

 private:
  UniqueFd fd_;
  perf_event_mmap_page* control_ = nullptr;
  const char* data_ = nullptr;
  std::size_t size_ = 0;
  std::uint64_t mask_ = 0;
};

double raw_wakeups(const Setting& setting) {
  const UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  std::vector<RawRing> rings;
  for (const unsigned cpu : CpuSet::online().cpus()) {
    rings.emplace_back(open_raw(setting, cpu, true));
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = rings.size() - 1;
    ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, rings.back().fd(), &event);
  }
  for (const RawRing& ring : rings)
    ::ioctl(ring.fd(), PERF_EVENT_IOC_ENABLE, 0);
  std::uint64_t ticks = 0;
  std::uint64_t newest = 0;
  const double before = cpu_seconds();
  for (const auto end = setting.end(); Clock::now() < end;) {
    std::array<epoll_event, 8> ready{};
    const int count = ::epoll_wait(epoll.get(), ready.data(), static_cast<int>(ready.size()), 100);
    for (int i = 0; i < count; ++i)
      rings[ready[static_cast<std::size_t>(i)].data.u64].drain(ticks, newest);
  }
  const double used = cpu_seconds() - before;
  setting.check(newest != 0 ? ticks : 0, "perf_event_open");
  return used * 1e9 / static_cast<double>(ticks);
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

struct Compared {
  std::vector<double> ours;
  std::vector<double> raw;

  // Whether ours is at most 1.1 times that by hand, and so much.
  [[nodiscard]] bool tell(const char* what, double allowance_ns) const {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < ours.size(); ++i)
      ratios.push_back(ours[i] / raw[i]);
    const bool good = median(ours) <= 1.1 * median(raw) + allowance_ns;
    std::cout << what << ": " << median(ours) << " ns, by hand " << median(raw) << " ns, ratio " << median(ratios)
              << (good ? "\n" : ": too much\n");
    return good;
  }
};

// Whether ours cost no more than they may.
bool compare(const Setting& setting) {
  Compared jitter;
  Compared program;
  Compared wakeup;
  const auto add = [](Compared& to, double ours, double raw) {
    to.ours.push_back(ours);
    to.raw.push_back(raw);
  };
  for (int run = 0; run < setting.runs; ++run) {
    ProgramCost ours{};
    ProgramCost raw{};
    double our_wakeup = 0;
    double raw_wakeup = 0;
    if (run % 2 == 0) {
      ours = our_program(setting);
      raw = raw_program(setting);
      our_wakeup = our_wakeups(setting);
      raw_wakeup = raw_wakeups(setting);
    } else {
      raw = raw_program(setting);
      ours = our_program(setting);
      raw_wakeup = raw_wakeups(setting);
      our_wakeup = our_wakeups(setting);
    }
    add(jitter, ours.p99_ns, raw.p99_ns);
    add(program, ours.run_ns, raw.run_ns);
    add(wakeup, our_wakeup, raw_wakeup);
  }
  std::cout << setting.runs << " runs of " << setting.seconds << " s at " << setting.hertz << " Hz on "
            << CpuSet::online().size() << " CPUs, medians\n";
  const bool jitter_is_good = jitter.tell("p99 jitter", 5000);
  const bool program_is_good = program.tell("run time per tick", 0);
  const bool wakeup_is_good = wakeup.tell("CPU time per wake-up", 0);
  return jitter_is_good && program_is_good && wakeup_is_good;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    Setting setting;
    if (argc > 1)
      setting.runs = std::atoi(argv[1]);
    if (argc > 2)
      setting.hertz = static_cast<unsigned>(std::atoi(argv[2]));
    if (argc > 3)
      setting.seconds = std::atof(argv[3]);
    if (setting.runs < 1 || setting.hertz < 1 || !(setting.seconds > 0)) {
      std::cerr << "perf_timer_cost [RUNS [HZ [SECONDS]]]\n";
      return 2;
    }
    return compare(setting) ? 0 : 1;
  } catch (const std::exception& e) {
    std::cerr << "perf_timer_cost: " << e.what() << '\n';
    return 1;
  }
}
