// Three ways to see how idle a CPU is, at several loads of our own.

#include "bpf_support.hpp"
#include "common/cpu_load.hpp"
#include "this_process.hpp"

#include <fathom/base/cpu_set.hpp>
#include <fathom/base/error.hpp>
#include <fathom/bpf/bpf_error.hpp>
#include <fathom/profile/cpu_idle_states.hpp>
#include <fathom/profile/live_idle.hpp>

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using examples::CpuLoad;
using fathom::CpuIdleStates;
using fathom::CpuSet;
using fathom::Duration;
using fathom::LiveCpuIdle;
using fathom::LiveIdle;
using fathom::LiveIdleOptions;
using fathom::live::in_vm;

class LiveIdleTest : public fathom::live::BpfTest {
 protected:
  // FATHOM_IDLE_SECONDS is how long a point takes: 30 for figures to be quoted.
  static std::chrono::seconds length() {
    const char* const seconds = std::getenv("FATHOM_IDLE_SECONDS");
    return std::chrono::seconds(seconds == nullptr ? 8 : std::max(1, std::atoi(seconds)));
  }
};

void expect_sound(const LiveCpuIdle& cpu) {
  ASSERT_TRUE(cpu.switches);
  const fathom::CpuIdleTime& time = *cpu.switches;
  EXPECT_EQ(time.idle + time.busy + time.interrupts_in_idle + time.interrupts_in_busy + time.unknown,
            time.to - time.from);
  if (in_vm()) {  // the machine's own kernel may keep switches to itself
    EXPECT_EQ(time.unknown, Duration{0});
  }
  EXPECT_LE(time.hard_interrupts, time.interrupts_in_idle + time.interrupts_in_busy);
  Duration tasks{0};
  for (const fathom::TaskTime& task : time.tasks)
    tasks += task.time;
  // They are looked at one after another.
  EXPECT_LT(std::chrono::abs(tasks - time.busy), 200ms);
  EXPECT_LT(std::chrono::abs(time.to - time.from - cpu.window), 200ms);
}

class LiveIdleAt : public LiveIdleTest, public testing::WithParamInterface<int> {};
INSTANTIATE_TEST_SUITE_P(Percent, LiveIdleAt, testing::Values(0, 50, 100), testing::PrintToStringParamName());

TEST_P(LiveIdleAt, ThreeWaysAgree) {
  LiveIdle live;
  std::vector<std::unique_ptr<CpuLoad>> loads;
  for (const unsigned cpu : CpuSet::online().cpus())
    loads.push_back(std::make_unique<CpuLoad>(cpu, GetParam() / 100.0));
  std::this_thread::sleep_for(200ms);
  const auto before = live.take();
  std::vector<Duration> used;
  for (const auto& load : loads)
    used.push_back(load->cpu_time());
  std::this_thread::sleep_for(length());
  const auto after = live.take();
  for (std::size_t i = 0; i < loads.size(); ++i)
    used[i] = loads[i]->cpu_time() - used[i];

  const std::vector<LiveCpuIdle> cpus = live.between(before, after);
  ASSERT_EQ(cpus.size(), loads.size());
  std::size_t compared = 0;
  for (std::size_t i = 0; i < cpus.size(); ++i) {
    const LiveCpuIdle& cpu = cpus[i];
    ASSERT_TRUE(cpu.stat);
    expect_sound(cpu);
    ASSERT_TRUE(cpu.by_stat());
    if (!cpu.by_switches()) {
      EXPECT_GT(cpu.switches->unknown, cpu.window / 100);
      std::cout << "load " << GetParam() << " %, CPU " << cpu.cpu << ": not compared, " << cpu.switches->unknown / 1ms
                << " ms of " << cpu.window / 1ms << " ms are of switches that the kernel did not tell\n";
      continue;
    }
    ++compared;
    const double steal = static_cast<double>(cpu.stat->steal) / static_cast<double>(cpu.stat->total());
    std::cout << "load " << GetParam() << " %, CPU " << cpu.cpu << ": idle " << 100 * *cpu.by_switches()
              << " % by switches, " << 100 * cpu.by_samples().value_or(-0.01) << " % by samples, "
              << 100 * *cpu.by_stat() << " % by /proc/stat (idle " << cpu.stat->idle << ", iowait " << cpu.stat->iowait
              << " of " << cpu.stat->total() << " ticks); interrupts in idle "
              << cpu.switches->interrupts_in_idle.count() / 1000 << " us, steal " << 100 * steal << " %, ticks "
              << cpu.ticks << " and " << cpu.busy_ticks << " of " << cpu.slots << '\n';
    const double tick = static_cast<double>(cpu.tick.count()) / static_cast<double>(cpu.window.count());
    // The kernel's idle time stands still in interrupts; steal was taken of idle or of busy time.
    const double apart =
        static_cast<double>(cpu.switches->interrupts_in_idle.count()) / static_cast<double>(cpu.window.count()) + steal;
    // An emulated CPU that its host keeps waiting misses ticks, or is given some of /proc/stat's twice: so far is each
    // way from the truth.
    const auto missed = [](double got, double of) { return in_vm() ? std::abs(1 - got / of) : 0.0; };
    // Several emulated CPUs take turns on one thread of the host: the others' clocks go on, and their ticks wait.
    const double slack = (in_vm() && cpus.size() > 1 ? 0.10 : 0.03) + tick;
    // What chance does to so few looks; over 30 s it is within the slack.
    const double chance = length() < 30s ? 2 * std::sqrt(0.25 / static_cast<double>(cpu.slots)) : 0.0;
    const double sampling = chance + missed(static_cast<double>(cpu.ticks), static_cast<double>(cpu.slots));
    const double counting = slack + missed(static_cast<double>(cpu.stat->total()) * tick, 1);
    EXPECT_LE(*cpu.by_stat(), *cpu.by_switches() + counting + steal);
    EXPECT_GE(*cpu.by_stat(), *cpu.by_switches() - counting - apart);
    if (cpu.by_samples()) {
      EXPECT_NEAR(*cpu.by_switches(), *cpu.by_samples(), slack + sampling);
      EXPECT_LE(*cpu.by_stat(), *cpu.by_samples() + counting + sampling + steal);
      EXPECT_GE(*cpu.by_stat(), *cpu.by_samples() - counting - sampling - apart);
    } else {
      EXPECT_LT(cpu.ticks * 10, cpu.slots * 9);
      EXPECT_TRUE(GetParam() < 100 || in_vm()) << "no tick of a CPU that was busy all the time is held back";
    }
    const double taken = static_cast<double>(used[i].count()) / static_cast<double>(cpu.window.count());
    EXPECT_LE(*cpu.by_switches(), 1.0 - taken + slack);

    // What the generator used by its own clock is what its switches say, but for the interrupts that hit it.
    if (GetParam() == 0)
      continue;
    const auto own =
        std::ranges::find(cpu.switches->tasks, loads[i]->tid(), [](const fathom::TaskTime& task) { return task.pid; });
    ASSERT_NE(own, cpu.switches->tasks.end());
    EXPECT_LE(own->time, used[i] + 200ms);
    EXPECT_GE(own->time + cpu.switches->interrupts_in_busy + cpu.switches->unknown + 200ms, used[i]);
  }
  if (in_vm()) {
    EXPECT_EQ(compared, cpus.size());
  } else if (compared == 0) {
    GTEST_SKIP() << "this kernel keeps switches of every CPU to itself";
  }
}

TEST_F(LiveIdleTest, WindowsAddUp) {
  LiveIdle live({.sampling = {}});
  const auto first = live.take();
  std::this_thread::sleep_for(150ms);
  const auto second = live.take();
  std::this_thread::sleep_for(250ms);
  const auto third = live.take();
  const auto a = live.between(first, second);
  const auto b = live.between(second, third);
  const auto all = live.between(first, third);
  EXPECT_THROW(static_cast<void>(live.between(third, first)), fathom::Error);
  ASSERT_EQ(a.size(), all.size());
  ASSERT_EQ(b.size(), all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    ASSERT_TRUE(a[i].switches && b[i].switches && all[i].switches);
    EXPECT_EQ(a[i].switches->idle + b[i].switches->idle, all[i].switches->idle);
    EXPECT_EQ(a[i].switches->busy + b[i].switches->busy, all[i].switches->busy);
    EXPECT_EQ(a[i].switches->interrupts_in_idle + b[i].switches->interrupts_in_idle,
              all[i].switches->interrupts_in_idle);
    EXPECT_EQ(all[i].slots, 0U);
    EXPECT_FALSE(all[i].by_samples());
    expect_sound(all[i]);
  }
}

// More tasks than there is room for, one after the other.
TEST_F(LiveIdleTest, ATaskThatEndedMakesRoom) {
  constexpr std::uint32_t kRoom = 256;
  LiveIdle live({.sampling = {}, .max_tasks = kRoom});
  pid_t last = 0;
  for (std::uint32_t i = 0; i < 3 * kRoom; ++i) {
    last = ::fork();
    ASSERT_GE(last, 0);
    if (last == 0)
      ::_exit(0);
    ASSERT_EQ(::waitpid(last, nullptr, 0), last);
    if (i % 32 == 0)
      static_cast<void>(live.take());
  }
  const auto knows_last = [&] {
    const auto now = live.take();
    return std::ranges::any_of(now.cpus, [&](const auto& cpu) { return cpu.second.tasks.contains(last); });
  };
  bool known = knows_last();
  EXPECT_TRUE(known);
  // It is waited for a little before it leaves its CPU for good.
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (known && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(1ms);
    known = knows_last();
  }
  EXPECT_FALSE(known);
}

TEST_F(LiveIdleTest, InterruptsAreApartOrNot) {
  LiveIdle with({.sampling = {}});
  LiveIdle without({.interrupts = false, .idle_states = false, .sampling = {}});
  EXPECT_GE(with.interrupt_events().size(), 2U);
  EXPECT_TRUE(without.interrupt_events().empty());
  const auto with_before = with.take();
  const auto without_before = without.take();
  std::this_thread::sleep_for(1s);
  const auto without_after = without.take();
  const auto with_after = with.take();
  Duration apart{0};
  for (const LiveCpuIdle& cpu : with.between(with_before, with_after))
    apart += cpu.switches->interrupts_in_idle + cpu.switches->interrupts_in_busy;
  EXPECT_GT(apart, Duration{0});
  for (const LiveCpuIdle& cpu : without.between(without_before, without_after)) {
    EXPECT_FALSE(cpu.switches->has_interrupts);
    EXPECT_TRUE(cpu.switches->states.empty());
    EXPECT_EQ(cpu.switches->interrupts_in_idle + cpu.switches->interrupts_in_busy, Duration{0});
    expect_sound(cpu);
  }
}

TEST_F(LiveIdleTest, AFullTableIsTold) {
  LiveIdle live({.sampling = {}, .max_tasks = 1});
  const auto before = live.take();
  std::thread([] { std::this_thread::sleep_for(20ms); }).join();
  std::this_thread::sleep_for(300ms);
  const auto after = live.take();
  EXPECT_GT(after.unnamed, before.unnamed);
  EXPECT_THROW(LiveIdle({.max_tasks = 0}), fathom::Error);
}

TEST_F(LiveIdleTest, PathsAreParameters) {
  try {
    LiveIdle live({.sampling = {}, .proc = "/nowhere"});
    static_cast<void>(live.take());
    FAIL();
  } catch (const fathom::Error& error) {
    EXPECT_EQ(error.path(), "/nowhere/stat");
    EXPECT_EQ(error.code(), std::errc::no_such_file_or_directory);
  }
}

TEST(CpuIdleStatesLive, HaveTheDriversNames) {
  const CpuIdleStates states = CpuIdleStates::read(0);
  const bool driver = std::filesystem::exists("/sys/devices/system/cpu/cpu0/cpuidle/state0/name");
  EXPECT_EQ(!states.names.empty(), driver);
  EXPECT_EQ(!states.driver.empty(), driver);
  EXPECT_FALSE(states.name(0).empty());
  EXPECT_EQ(states.name(99), "");
  for (std::size_t i = 0; i < states.names.size(); ++i) {
    std::ifstream in("/sys/devices/system/cpu/cpu0/cpuidle/state" + std::to_string(i) + "/name");
    std::string name;
    std::getline(in, name);
    EXPECT_EQ(states.names[i], name);
  }
  const CpuIdleStates none = CpuIdleStates::read(0, "/nowhere");
  EXPECT_TRUE(none.driver.empty());
  EXPECT_EQ(none.name(0), "polling");
  EXPECT_EQ(none.name(1), "halt");
  EXPECT_EQ(none.name(2), "");
}

}  // namespace
