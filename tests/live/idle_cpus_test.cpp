// What LiveIdle says of a CPU that goes and comes, of one that waits for a disk, and of time that the host takes.

#include "bpf_support.hpp"
#include "common/cpu_load.hpp"
#include "cpu_offline.hpp"
#include "kernel_module.hpp"
#include "this_process.hpp"

#include <fathom/base/cpu_set.hpp>
#include <fathom/base/unique_fd.hpp>
#include <fathom/profile/live_idle.hpp>
#include <fathom/sched/proc_stat.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using fathom::CpuSet;
using fathom::CpuTicks;
using fathom::Duration;
using fathom::LiveCpuIdle;
using fathom::LiveIdle;
using fathom::UniqueFd;
using fathom::live::in_vm;

using LiveIdleCpus = fathom::live::BpfTest;
using LiveIdleHotplug = fathom::live::BpfTest;

const LiveCpuIdle& of_cpu(const std::vector<LiveCpuIdle>& cpus, unsigned cpu) {
  const auto found = std::ranges::find(cpus, cpu, &LiveCpuIdle::cpu);
  if (found == cpus.end())
    throw std::runtime_error("nothing is said of CPU " + std::to_string(cpu));
  return *found;
}

void expect_known(const LiveCpuIdle& cpu) {
  EXPECT_FALSE(cpu.was_down);
  ASSERT_TRUE(cpu.switches);
  const fathom::CpuIdleTime& time = *cpu.switches;
  EXPECT_EQ(time.idle + time.busy + time.interrupts_in_idle + time.interrupts_in_busy, time.to - time.from);
  EXPECT_LT(std::chrono::abs(time.to - time.from - cpu.window), 200ms);
  EXPECT_TRUE(cpu.by_switches());
  EXPECT_TRUE(cpu.by_stat());
  EXPECT_GT(cpu.ticks, 0U);
}

void expect_down(const LiveCpuIdle& cpu) {
  EXPECT_TRUE(cpu.was_down);
  EXPECT_FALSE(cpu.switches);
  EXPECT_FALSE(cpu.stat);
  EXPECT_EQ(cpu.slots, 0U);
  EXPECT_FALSE(cpu.by_switches());
  EXPECT_FALSE(cpu.by_samples());
  EXPECT_FALSE(cpu.by_stat());
}

TEST_F(LiveIdleHotplug, ACpuThatGoesAndComesIsTold) {
  if (const auto why = fathom::live::why_no_hotplug())
    GTEST_SKIP() << *why;
  LiveIdle live;
  const auto before = live.take();
  auto down = std::make_unique<fathom::live::CpuOffline>(1);
  std::this_thread::sleep_for(500ms);
  const auto without = live.take();
  std::this_thread::sleep_for(500ms);
  const auto without_still = live.take();
  down.reset();
  std::this_thread::sleep_for(500ms);
  const auto back = live.take();
  std::this_thread::sleep_for(1s);
  const auto end = live.take();

  EXPECT_EQ(without.cpus.count(1), 0U);
  const auto goes = live.between(before, without);
  const auto is_gone = live.between(without, without_still);
  const auto comes = live.between(without_still, back);
  const auto both = live.between(before, back);
  const auto is_back = live.between(back, end);
  for (const auto* window : {&goes, &comes, &both}) {
    expect_known(of_cpu(*window, 0));
    expect_down(of_cpu(*window, 1));
  }
  expect_known(of_cpu(is_gone, 0));
  EXPECT_EQ(is_gone.size(), 1U);  // of one that is not there at all nothing is said
  expect_known(of_cpu(is_back, 0));
  expect_known(of_cpu(is_back, 1));
}

// A thread on one CPU that reads from a disk, past the page cache, as long as the object lives.
class DiskReader {
 public:
  DiskReader(UniqueFd file, unsigned cpu) : file_(std::move(file)), thread_([this, cpu] { read(cpu); }) {}
  ~DiskReader() {
    stop_ = true;
    thread_.join();
  }
  DiskReader(const DiskReader&) = delete;
  DiskReader& operator=(const DiskReader&) = delete;
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  void read(unsigned cpu) {
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(cpu, &only);
    failed_ = ::sched_setaffinity(0, sizeof only, &only) != 0;
    alignas(4096) std::array<std::byte, 4096> page{};
    while (!stop_ && !failed_)
      failed_ = ::pread(file_.get(), page.data(), page.size(), 0) != static_cast<ssize_t>(page.size());
  }

  UniqueFd file_;
  std::atomic<bool> stop_ = false;
  std::atomic<bool> failed_ = false;
  std::thread thread_;
};

// A page on the disk, that has no name any more.
UniqueFd page_on_disk() {
  std::string path = "/var/tmp/fathom_idle_XXXXXX";
  UniqueFd made(::mkostemp(path.data(), O_CLOEXEC));
  const std::vector<char> page(4096, 'x');
  const bool written = ::write(made.get(), page.data(), page.size()) == 4096 && ::fsync(made.get()) == 0;
  UniqueFd direct(::open(path.c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC));
  ::unlink(path.c_str());
  return written ? std::move(direct) : UniqueFd();
}

TEST_F(LiveIdleCpus, WaitingForADiskIsIdleToTheSwitches) {
  // In a VM a disk without a medium, which takes 10 ms for each read.
  std::optional<fathom::live::KernelModule> disk;
  UniqueFd file;
  if (in_vm()) {
    disk.emplace("null_blk", std::vector<std::string>{"nr_devices=1", "irqmode=2", "completion_nsec=10000000"});
    file.reset(::open("/dev/nullb0", O_RDONLY | O_DIRECT | O_CLOEXEC));
  } else {
    file = page_on_disk();
    if (!file)
      GTEST_SKIP() << "no file system under /var/tmp that is read past its cache";
  }
  ASSERT_TRUE(file);
  const unsigned cpu = CpuSet::online().cpus().back();
  LiveIdle live;
  LiveCpuIdle seen;
  {
    const DiskReader reader(std::move(file), cpu);
    std::this_thread::sleep_for(200ms);
    const auto before = live.take();
    std::this_thread::sleep_for(5s);
    seen = of_cpu(live.between(before, live.take()), cpu);
    ASSERT_FALSE(reader.failed());
  }
  ASSERT_TRUE(seen.stat);
  const double tick = static_cast<double>(seen.tick.count()) / static_cast<double>(seen.window.count());
  const double iowait = static_cast<double>(seen.stat->iowait) * tick;
  const double steal = static_cast<double>(seen.stat->steal) * tick;
  std::cout << "CPU " << cpu << ": iowait " << 100 * iowait << " %, idle "
            << 100 * static_cast<double>(seen.stat->idle) * tick << " %, steal " << 100 * steal << " % by /proc/stat; "
            << 100 * seen.by_switches().value_or(-0.01) << " % by switches\n";
  if (!in_vm() && iowait < 0.1)
    GTEST_SKIP() << "who reads from this disk does not wait for it";
  EXPECT_GE(iowait, 0.1);
  if (!in_vm() && !seen.by_switches())
    GTEST_SKIP() << "this kernel keeps switches of this CPU to itself";
  ASSERT_TRUE(seen.by_switches());
  // Several emulated CPUs take turns on one thread of the host, and miss ticks.
  const double missed = in_vm() ? std::abs(1 - static_cast<double>(seen.stat->total()) * tick) : 0.0;
  const double slack = (in_vm() && CpuSet::online().size() > 1 ? 0.10 : 0.03) + tick + missed;
  // A fast disk ends tens of thousands of idle periods a second, and of each the kernel counts but the middle.
  const Duration ends = seen.switches->idle_periods * Duration(10us);
  const double apart = static_cast<double>((seen.switches->interrupts_in_idle + ends).count()) /
                       static_cast<double>(seen.window.count());
  EXPECT_LE(*seen.by_stat(), *seen.by_switches() + slack + steal);
  EXPECT_GE(*seen.by_stat(), *seen.by_switches() - slack - steal - apart);
}

std::optional<CpuTicks> stat_of(unsigned cpu) {
  std::ifstream in("/proc/stat");
  const fathom::ProcStat stat = fathom::parse_proc_stat(std::string{std::istreambuf_iterator<char>(in), {}});
  const CpuTicks* const found = stat.find(cpu);
  return found == nullptr ? std::nullopt : std::optional(*found);
}

// Whether a host tells of it or not: it is what /proc/stat says, and in none of the other times.
TEST_F(LiveIdleCpus, WhatTheHostTakesIsApart) {
  LiveIdle live({.sampling = {}});
  const unsigned cpu = CpuSet::online().cpus().front();
  const examples::CpuLoad load(cpu, 1.0);
  const auto outer_begin = stat_of(cpu);
  const auto before = live.take();
  const auto inner_begin = stat_of(cpu);
  std::this_thread::sleep_for(2s);
  const auto inner_end = stat_of(cpu);
  const auto after = live.take();
  const auto outer_end = stat_of(cpu);
  ASSERT_TRUE(outer_begin && inner_begin && inner_end && outer_end);
  const LiveCpuIdle seen = of_cpu(live.between(before, after), cpu);
  ASSERT_TRUE(seen.stat);
  EXPECT_GE(seen.stat->steal, inner_end->steal - inner_begin->steal);
  EXPECT_LE(seen.stat->steal, outer_end->steal - outer_begin->steal);
  EXPECT_LE(seen.stat->idle + seen.stat->iowait + seen.stat->steal, seen.stat->total());
  const double taken = static_cast<double>(seen.stat->steal) * static_cast<double>(seen.tick.count()) /
                       static_cast<double>(seen.window.count());
  std::cout << "steal of CPU " << cpu << ": " << 100 * taken << " %\n";
  EXPECT_LE(*seen.by_stat() + taken, 1.0 + 0.05);
}

}  // namespace
