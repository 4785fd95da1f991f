#include "bpf_program.hpp"
#include "cpu_offline.hpp"
#include "perf_support.hpp"
#include "this_process.hpp"
#include "unprivileged.hpp"

#include <fathom/base/cpu_set.hpp>
#include <fathom/base/error.hpp>
#include <fathom/perf/perf_counter.hpp>
#include <fathom/process/child.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <barrier>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <numeric>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace fathom::live {
namespace {

using namespace std::chrono_literals;

using ::testing::AllOf;
using ::testing::HasSubstr;

using PerfCounterLive = PerfTest;

long minor_faults() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_minflt;
}

// So many faults, by pages that nobody has touched.
void touch_pages(std::size_t pages) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* const memory = ::mmap(nullptr, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  ::madvise(memory, pages * page, MADV_NOHUGEPAGE);
  for (std::size_t i = 0; i < pages; ++i)
    static_cast<volatile char*>(memory)[i * page] = 1;
  ::munmap(memory, pages * page);
}

TEST_F(PerfCounterLive, TheTaskClockIsTheThreadsTime) {
  const Duration before = thread_time();
  const PerfCounter clock{"task-clock"};
  const Duration inner = thread_time();
  work_for(50ms);
  std::this_thread::sleep_for(std::chrono::milliseconds(30));  // is not counted
  const Duration inner_end = thread_time();
  const PerfCount count = clock.read();
  const Duration after = thread_time();
  // Two clocks of the kernel, which under emulation differ by a tick or two.
  constexpr Duration kTicks = std::chrono::milliseconds(8);
  EXPECT_GE(count.value, static_cast<std::uint64_t>((inner_end - inner - kTicks).count()));
  EXPECT_LE(count.value, static_cast<std::uint64_t>((after - before + kTicks).count()));
  EXPECT_EQ(count.enabled, count.running) << "a software event counts all the time";
  EXPECT_EQ(count.scaled(), count.value);
}

TEST_F(PerfCounterLive, PageFaultsAreTheProcessAccountsOwn) {
  PerfCounterGroup faults{{"page-faults", "minor-faults", "major-faults"}};
  touch_pages(1);  // whatever reading needs is there now
  (void)faults.read();
  (void)minor_faults();
  const long before = minor_faults();
  faults.reset();
  touch_pages(500);
  const auto counts = faults.read();
  const long after = minor_faults();
  ASSERT_EQ(counts.size(), 3U);
  EXPECT_GE(counts[0].value, 500U);
  EXPECT_LE(counts[0].value, 700U) << "page tables, and a sanitizer's shadow, fault as well";
  EXPECT_EQ(counts[0].value, counts[1].value + counts[2].value);
  EXPECT_NEAR(static_cast<double>(counts[1].value), static_cast<double>(after - before), 3);
}

TEST_F(PerfCounterLive, ATracepointIsCountedExactly) {
  PerfCounter calls{kGetppid};
  call_getppid(1000);
  EXPECT_EQ(calls.read().value, 1000U);
  calls.reset();
  EXPECT_EQ(calls.read().value, 0U);
  call_getppid(7);
  EXPECT_EQ(calls.read().value, 7U);
  calls.disable();
  call_getppid(100);
  EXPECT_EQ(calls.read().value, 7U);
  calls.enable();
  call_getppid(3);
  EXPECT_EQ(calls.read().value, 10U);
}

TEST_F(PerfCounterLive, ItMayBeginDisabled) {
  PerfCounter calls{kGetppid, PerfThread::self(), {.start = PerfStart::disabled}};
  call_getppid(5);
  EXPECT_EQ(calls.read(), PerfCount{});
  EXPECT_EQ(calls.read().scaled(), std::nullopt) << "it never ran";
  calls.enable();
  call_getppid(5);
  EXPECT_EQ(calls.read().value, 5U);
}

TEST_F(PerfCounterLive, AGroupIsReadAtOneMoment) {
  const PerfCounterGroup group{{"task-clock", kGetppid, "syscalls:sys_exit_getppid", "context-switches"}};
  EXPECT_EQ(group.size(), 4U);
  call_getppid(250);
  const auto counts = group.read();
  EXPECT_EQ(counts[1].value, 250U);
  EXPECT_EQ(counts[2].value, 250U);
  for (const PerfCount& count : counts)
    EXPECT_EQ(count.enabled, counts[0].enabled);
  PerfCount wrong;
  EXPECT_THROW(group.read_into({&wrong, 1}), Error);
}

TEST_F(PerfCounterLive, ManyEventsAreAGroupToo) {
  const std::vector<PerfEvent> events(20, PerfEvent(kGetppid));
  const PerfCounterGroup group{events};
  call_getppid(11);
  for (const PerfCount& count : group.read())
    EXPECT_EQ(count.value, 11U);
}

struct Follow {
  PerfFollow follow;
  std::uint64_t counted;
};

class PerfFollowLive : public PerfTest, public ::testing::WithParamInterface<Follow> {};

TEST_P(PerfFollowLive, CountsThoseThatAreFollowedAndNobodyElse) {
  PerfCounterGroup group{{kGetppid, "dummy"}, PerfThread::self(GetParam().follow)};
  call_getppid(1);
  std::thread([] { call_getppid(10); }).join();
  in_own_process([] { call_getppid(100); });
  EXPECT_EQ(group.read()[0].value, GetParam().counted);
  group.reset();  // of children that have ended as well, which the kernel's own does not do
  EXPECT_EQ(group.read()[0].value, 0U);
  call_getppid(1);
  EXPECT_EQ(group.read()[0].value, 1U);
}

INSTANTIATE_TEST_SUITE_P(All, PerfFollowLive,
                         ::testing::Values(Follow{PerfFollow::nobody, 1}, Follow{PerfFollow::threads, 11},
                                           Follow{PerfFollow::children, 111}));

TEST_F(PerfCounterLive, AProcessIsAllItsThreads) {
  std::barrier start(3);
  std::barrier counting(3);
  const auto work = [&] {
    start.arrive_and_wait();
    counting.arrive_and_wait();
    call_getppid(100);
  };
  std::thread one(work);
  std::thread two(work);
  start.arrive_and_wait();
  const PerfCounter calls{kGetppid, PerfProcess::self()};
  counting.arrive_and_wait();
  call_getppid(50);
  in_own_process([] { call_getppid(7); });
  one.join();
  two.join();
  EXPECT_EQ(calls.read().value, 257U);
  const auto places = calls.read_places();
  EXPECT_EQ(places.size(), 3U);
  std::uint64_t sum = 0;
  for (const PerfPlaceCounts& place : places) {
    EXPECT_TRUE(place.tid.has_value());
    EXPECT_FALSE(place.cpu.has_value());
    sum += place.counts.at(0).value;
  }
  EXPECT_EQ(sum, 257U);
}

TEST_F(PerfCounterLive, OfAHeldChildTheCommandAloneIsCounted) {
  Child child{{"/bin/sh", "-c", "true; (true)"}};
  const PerfCounterGroup group{{"syscalls:sys_enter_exit_group", "page-faults", "task-clock"},
                               PerfThread{child.pid(), PerfFollow::children},
                               {.start = PerfStart::on_exec}};
  EXPECT_EQ(group.read()[1], PerfCount{});
  child.resume();
  EXPECT_EQ(child.wait().shell_code(), 0);
  const auto counts = group.read();
  EXPECT_EQ(counts[0].value, 2U) << "the shell, and the one below it";
  EXPECT_GT(counts[1].value, 10U);
  EXPECT_GT(counts[2].value, 0U);
}

TEST_F(PerfCounterLive, CpusAreCountedOneByOne) {
  const CpuSet online = CpuSet::online();
  const PerfCounterGroup group{{"cpu-clock", kGetppid}, OnlineCpus{}};
  for (const unsigned cpu : online.cpus()) {
    const PinnedTo pinned(cpu);
    call_getppid(1000 * (cpu + 1));
  }
  const auto places = group.read_places();
  ASSERT_EQ(places.size(), online.size());
  std::vector<PerfCount> sum(2);
  for (std::size_t i = 0; i < places.size(); ++i) {
    const unsigned cpu = online.cpus()[i];
    EXPECT_EQ(places[i].cpu, cpu);
    EXPECT_FALSE(places[i].tid.has_value());
    EXPECT_GE(places[i].counts[1].value, 1000U * (cpu + 1));
    EXPECT_LT(places[i].counts[1].value, 1000U * (cpu + 1) + 500) << "others call it too, but seldom";
    sum[1] += places[i].counts[1];
  }
  EXPECT_EQ(group.read()[1].value, sum[1].value);
  EXPECT_TRUE(group.gone_cpus().empty());
}

TEST_F(PerfCounterLive, ABreakpointCountsEachWrite) {
  volatile std::uint64_t variable = 0;
  try {
    const PerfCounter writes{PerfEvent{BreakpointEvent::writes_to(variable)}.with({.exclude_kernel = true})};
    for (unsigned i = 0; i < 100; ++i)
      variable = i;
    const std::uint64_t read = variable;
    EXPECT_EQ(read, 99U);
    EXPECT_EQ(writes.read().value, 100U);
  } catch (const Error& error) {
    if (error.code() != std::errc::no_such_device && error.code() != std::errc::no_such_file_or_directory)
      throw;
    GTEST_SKIP() << error.what();
  }
}

TEST_F(PerfCounterLive, TooManyBreakpointsAreNamed) {
  const std::uint64_t variable = 0;
  std::vector<PerfCounter> counters;
  try {
    for (unsigned i = 0; i < 100; ++i)
      counters.emplace_back(BreakpointEvent::writes_to(variable));
    FAIL() << "a hundred breakpoints";
  } catch (const Error& error) {
    EXPECT_GE(counters.size(), 1U);
    EXPECT_THAT(error.what(), HasSubstr("all in use"));
  }
}

TEST_F(PerfCounterLive, ASourceOfSysfsIsCountedByItsNames) {
  if (!std::filesystem::exists("/sys/bus/event_source/devices/msr/events/tsc"))
    GTEST_SKIP() << "this processor has no source msr";
  PerfCounter ticks{"msr/tsc/"};
  const std::uint64_t before = ticks.read().value;
  work_for(20ms);
  const std::uint64_t after = ticks.read().value;
  EXPECT_GT(after - before, 1'000'000U) << "20 ms of a clock of 50 MHz or more";
  ticks.reset();
  EXPECT_LT(ticks.read().value, after - before);
}

TEST_F(PerfCounterLive, WithoutAPmuTheEventsThatWorkAreNamed) {
  for (const char* name : {"cpu-cycles", "LLC-load-misses", "r3c"}) {
    try {
      const PerfCounter counter{name};
      work_for(1ms);
      EXPECT_EQ(counter.read().scaled().has_value(), counter.read().running.count() > 0) << "there is a PMU";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), std::errc::no_such_file_or_directory) << error.what();
      EXPECT_THAT(error.what(), AllOf(HasSubstr(PerfEvent(name).name()), HasSubstr("PMU"), HasSubstr("task-clock")));
    }
  }
}

TEST_F(PerfCounterLive, AThreadThatIsGoneIsNamed) {
  int gone = 0;
  std::thread([&] { gone = PerfThread::self().tid; }).join();
  while (std::filesystem::exists("/proc/self/task/" + std::to_string(gone)))  // joined is not yet gone
    std::this_thread::yield();
  for (const PerfScope& scope : {PerfScope(PerfThread{gone}), PerfScope(PerfProcess{gone})}) {
    try {
      (void)PerfCounter("task-clock", scope);
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), std::errc::no_such_process);
      EXPECT_THAT(error.what(), AllOf(HasSubstr(std::to_string(gone)), HasSubstr("has ended")));
    }
  }
}

TEST_F(PerfCounterLive, AThreadThatEndsKeepsItsCount) {
  std::barrier<> start(2);
  int tid = 0;
  std::thread worker([&] {
    tid = PerfThread::self().tid;
    start.arrive_and_wait();
    start.arrive_and_wait();
    call_getppid(42);
  });
  start.arrive_and_wait();
  const PerfCounter calls{kGetppid, PerfThread{tid}};
  start.arrive_and_wait();
  worker.join();
  EXPECT_EQ(calls.read().value, 42U);
}

TEST_F(PerfCounterLive, OneThatWasMovedFromSaysSo) {
  PerfCounterGroup first({"task-clock"});
  const PerfCounterGroup second(std::move(first));
  // NOLINTBEGIN(bugprone-use-after-move): what is tested
  EXPECT_EQ(first.size(), 0U);
  EXPECT_EQ(first.native_handle(), -1);
  EXPECT_THROW((void)first.read(), Error);
  EXPECT_THROW(first.enable(), Error);
  EXPECT_THROW((void)first.follow_cpus(), Error);
  // NOLINTEND(bugprone-use-after-move)
  EXPECT_EQ(second.size(), 1U);
}

TEST_F(PerfCounterLive, WhatMakesNoSenseIsRefused) {
  EXPECT_THROW(PerfCounterGroup({}), Error);
  EXPECT_THROW(PerfCounter("cpu-clock", CpuSet{}), Error);
  EXPECT_THROW(PerfCounter("cpu-clock", OnlineCpus{}, {.start = PerfStart::on_exec}), Error);
  // What a fork(2) that failed gives would be everybody to the kernel.
  EXPECT_THROW(PerfCounter("cpu-clock", PerfThread{-1, PerfFollow::children}), Error);
  EXPECT_THROW(PerfCounter("cpu-clock", PerfProcess{0}), Error);
  try {
    (void)PerfCounter("cpu-clock", CpuSet{9999});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), std::errc::no_such_device);
    EXPECT_THAT(error.what(), HasSubstr("CPU 9999"));
  }
  try {
    (void)PerfCounter("cpu-clock", PerfCgroup{"/sys/fs/cgroup/there is none"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.path(), "/sys/fs/cgroup/there is none");
  }
}

TEST_F(PerfCounterLive, WithoutRightsItIsSaidWhatToSet) {
  const std::string answer = as_nobody([] {
    try {
      (void)PerfCounter("cpu-clock", OnlineCpus{});
      return std::string("opened");
    } catch (const Error& error) {
      return std::string(error.what());
    }
  });
  EXPECT_THAT(answer, AllOf(HasSubstr("CAP_PERFMON"), HasSubstr("kernel.perf_event_paranoid at most 0")));
}

class PerfCounterHotplug : public PerfTest {
 protected:
  void SetUp() override {
    PerfTest::SetUp();
    if (const auto why = why_no_hotplug())
      GTEST_SKIP() << *why;
  }
};

TEST_F(PerfCounterHotplug, ACpuThatGoesKeepsItsCountAndIsReported) {
  const PerfCounter calls{kGetppid, CpuSet{0, 1}};
  {
    const PinnedTo pinned(1);
    call_getppid(500);
  }
  {
    const CpuOffline offline(1);
    EXPECT_EQ(calls.gone_cpus(), CpuSet{1});
    EXPECT_GE(calls.read().value, 500U);
    try {
      (void)PerfCounter("cpu-clock", CpuSet{1});
      ADD_FAILURE() << "CPU 1 is down";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), std::errc::no_such_device);
      EXPECT_THAT(error.what(), AllOf(HasSubstr("CPU 1"), HasSubstr("online are 0")));
    }
  }
  EXPECT_EQ(calls.gone_cpus(), CpuSet{1}) << "it came back, but its event did not";
  const std::uint64_t before = calls.read().value;
  const PinnedTo pinned(1);
  call_getppid(500);
  EXPECT_LT(calls.read().value - before, 500U);
}

// One for each way to name CPUs: all that are online, and a set.
class PerfCounterFollowsHotplug : public PerfCounterHotplug, public ::testing::WithParamInterface<PerfScope> {};

TEST_P(PerfCounterFollowsHotplug, CpusMayGoAndComeAndTheSumsNeverFall) {
  const auto call_on = [](unsigned cpu, unsigned times) {
    const PinnedTo pinned(cpu);
    call_getppid(times);
  };
  constexpr PerfCpuChange kWent{.what = PerfCpuChange::What::cpu_went, .cpu = 1};
  constexpr PerfCpuChange kCame{.what = PerfCpuChange::What::cpu_came, .cpu = 1};
  PerfCounterGroup calls{{"cpu-clock", kGetppid}, GetParam()};
  std::vector<PerfCount> last(2);
  const auto counted = [&] {
    const std::vector<PerfCount> now = calls.read();
    std::vector<PerfCount> of_places(2);
    for (const PerfPlaceCounts& place : calls.read_places()) {
      for (std::size_t i = 0; i < of_places.size(); ++i)
        of_places[i] += place.counts[i];
    }
    for (std::size_t i = 0; i < now.size(); ++i) {
      EXPECT_GE(now[i].value, last[i].value);
      EXPECT_GE(now[i].enabled, last[i].enabled);
      EXPECT_GE(now[i].running, last[i].running);
      EXPECT_GE(of_places[i].value, now[i].value) << "they were read later";
    }
    last = now;
    return now[1].value;
  };
  EXPECT_TRUE(calls.follow_cpus().empty());
  call_on(1, 500);
  EXPECT_GE(counted(), 500U);
  {
    const CpuOffline offline(1);
    EXPECT_THAT(calls.follow_cpus(), ::testing::ElementsAre(kWent));
    EXPECT_THAT(calls.follow_cpus(), ::testing::IsEmpty());
    EXPECT_EQ(calls.gone_cpus(), CpuSet{1});
    EXPECT_GE(counted(), 500U);
    EXPECT_NE(calls.native_handle(), -1);
  }
  EXPECT_THAT(calls.follow_cpus(), ::testing::ElementsAre(kCame));
  EXPECT_THAT(calls.gone_cpus(), CpuSet{});
  const std::uint64_t before = counted();
  call_on(1, 700);
  EXPECT_GE(counted() - before, 700U) << "it is counted again";
  EXPECT_EQ(calls.read_places().size(), 2U) << "and goes on where it was";
  EXPECT_GE(calls.read_places().back().counts[1].value, 1200U);
  // One that goes and comes back between two looks is found too.
  {
    const CpuOffline offline(1);
  }
  EXPECT_THAT(calls.follow_cpus(), ::testing::ElementsAre(kWent, kCame));
  calls.reset();
  last.assign(2, {});
  call_on(1, 300);
  const std::uint64_t after = counted();
  EXPECT_GE(after, 300U);
  EXPECT_LT(after, 800U) << "what was counted before the reset is not in it, the CPU's either";
  // What is joined while disabled does not count before the rest does.
  calls.disable();
  {
    const CpuOffline offline(1);
    EXPECT_THAT(calls.follow_cpus(), ::testing::ElementsAre(kWent));
  }
  EXPECT_THAT(calls.follow_cpus(), ::testing::ElementsAre(kCame));
  const std::uint64_t still = counted();
  call_on(1, 100);
  EXPECT_EQ(counted(), still);
  calls.enable();
  call_on(1, 100);
  EXPECT_GE(counted(), still + 100);
}

INSTANTIATE_TEST_SUITE_P(All, PerfCounterFollowsHotplug,
                         ::testing::Values(PerfScope(OnlineCpus{}), PerfScope(CpuSet{0, 1})));

TEST_F(PerfCounterHotplug, ACpuThatWasDownAtTheBeginningIsJoined) {
  const auto calls = [] {
    const CpuOffline offline(1);
    return std::make_unique<PerfCounter>(kGetppid, OnlineCpus{});
  }();
  EXPECT_THAT(calls->follow_cpus(),
              ::testing::ElementsAre(PerfCpuChange{.what = PerfCpuChange::What::cpu_came, .cpu = 1}));
  const PinnedTo pinned(1);
  call_getppid(500);
  EXPECT_EQ(calls->read_places().size(), 2U);
  EXPECT_GE(calls->read_places().back().counts[0].value, 500U);
}

}  // namespace
}  // namespace fathom::live
