// Timers of perf events that wake user space.

#include "this_process.hpp"
#include "tick_account.hpp"
#include "timer_support.hpp"
#include "unprivileged.hpp"

#include <fathom/base/cpu_set.hpp>
#include <fathom/base/error.hpp>
#include <fathom/perf/perf_counter.hpp>
#include <fathom/perf/perf_timer.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace fathom::live {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using testing::HasSubstr;

constexpr std::size_t kTicksOfAPage = 127;  // of 32 bytes; the kernel never fills a ring to the last byte

TEST(PerfTimerWakeup, EachTickIsTold) {
  const AwakeCpus awake;
  PerfTimer timer{{.rate = Hz{100}}};
  const Timestamp started = on_clock(steady_clock::now());
  EXPECT_EQ(timer.counter(), TickCounter::samples);
  const auto grids = timer.grids();
  TickAccount account;
  Timestamp last{};
  std::uint64_t lost = 0;
  const auto take = [&] {
    const TimerBatch batch = timer.drain();
    for (const PerfTick& tick : batch.ticks) {
      account.add(tick.cpu, tick.time.nanoseconds);
      EXPECT_GE(tick.pid, 0);
    }
    if (!batch.ticks.empty())
      last = batch.ticks.back().time;
    lost += batch.lost;
  };
  const auto until = steady_clock::now() + 3s;
  while (steady_clock::now() < until) {
    (void)timer.wait(100ms);
    take();
    const TimerTicks ticks = timer.ticks();
    EXPECT_LE(ticks.delivered + ticks.skipped, ticks.expected);
    EXPECT_LE(ticks.expected, ticks.delivered + ticks.skipped + grids.size());
  }
  timer.stop();
  take();
  EXPECT_EQ(lost, 0U);
  const TimerTicks ticks = timer.ticks();
  account.check(grids, started, timer.period(), ticks);
  EXPECT_GT(ticks.delivered, ticks.expected / 2);
  const ParseStats stats = timer.stats();
  EXPECT_GE(stats.records, ticks.delivered);
  EXPECT_EQ(stats.records, stats.parsed_records);
}

TEST(PerfTimerWakeup, WhatARingHasNoRoomForIsLostAndCounted) {
  PerfTimer timer{{.rate = 1ms, .on = PerfThread::self(), .ring_pages = 1}};
  work_for(in_vm() ? 4000ms : 400ms);
  timer.stop();
  const TimerBatch batch = timer.drain();
  const TimerTicks ticks = timer.ticks();
  EXPECT_EQ(batch.ticks.size(), kTicksOfAPage);
  EXPECT_EQ(ticks.delivered, kTicksOfAPage);
  EXPECT_EQ(ticks.delivered + ticks.skipped, ticks.expected);
  EXPECT_GT(batch.lost, 0U);
  EXPECT_LE(batch.lost, ticks.skipped);
  EXPECT_TRUE(timer.drain().empty());
}

TEST(PerfTimerWakeup, MemoryIsBoundedThoughNobodyDrains) {
  PerfTimer timer{{.rate = 100us, .on = PerfThread::self(), .ring_pages = 1}};
  for (int i = 0; i < 200; ++i) {
    work_for(2ms);
    (void)timer.ticks();
  }
  timer.stop();
  const TimerBatch batch = timer.drain();
  EXPECT_LE(batch.ticks.size(), 4 * kTicksOfAPage);
  EXPECT_GT(batch.ticks.size(), kTicksOfAPage);
  if (!in_vm()) {
    EXPECT_GT(batch.lost, 0U);
  }
  EXPECT_EQ(timer.ticks().delivered, batch.ticks.size());
}

TEST(PerfTimerWakeup, TellsWhomItInterruptedAndThatItEnded) {
  std::atomic<int> tid{0};
  std::atomic<bool> go{false};
  std::thread worker([&] {
    tid = ::gettid();
    while (!go)
      std::this_thread::sleep_for(1ms);
    work_for(200ms);
  });
  while (tid == 0)
    std::this_thread::sleep_for(1ms);
  PerfTimer timer{{.rate = 1ms, .on = PerfThread{tid}}};
  go = true;
  std::optional<int> ended;
  std::size_t count = 0;
  while (!ended && readable(timer.native_handle(), 5s)) {
    const TimerBatch batch = timer.drain();
    for (const PerfTick& tick : batch.ticks) {
      EXPECT_EQ(tick.tid, tid);
      EXPECT_EQ(tick.pid, ::getpid());
    }
    count += batch.ticks.size();
    for (const TimerChange& change : batch.changes) {
      EXPECT_EQ(change.what, TimerChange::What::thread_ended);
      ended = change.tid;
    }
  }
  worker.join();
  EXPECT_EQ(ended, tid);
  EXPECT_GT(count, 10U);
  // And is not told again.
  while (readable(timer.native_handle(), 10ms))
    EXPECT_TRUE(timer.drain().empty());
  const TimerTicks ticks = timer.ticks();
  EXPECT_EQ(ticks.delivered, count);
  EXPECT_GE(ticks.expected, in_vm() ? 180U : 195U);
  const auto gone = thrown_by([&] { const PerfTimer late{{.rate = 1ms, .on = PerfThread{tid}}}; });
  EXPECT_EQ(gone.code(), std::errc::no_such_process);
  EXPECT_THAT(gone.what(), HasSubstr(std::to_string(tid)));
}

TEST(PerfTimerWakeup, FollowsTheThreadsThatAreMade) {
  PerfTimer timer{{.rate = 1ms, .on = PerfThread::self(PerfFollow::children)}};
  std::atomic<int> tid{0};
  std::thread([&] {
    tid = ::gettid();
    work_for(100ms);
  }).join();
  timer.stop();
  std::size_t of_it = 0;
  for (const PerfTick& tick : timer.drain().ticks)
    of_it += static_cast<std::size_t>(tick.tid == tid);
  EXPECT_GT(of_it, in_vm() ? 0U : 5U);
}

TEST(PerfTimerWakeup, WhatCannotBeIsRefused) {
  const struct {
    PerfTimerOptions options;
    std::errc code;
    const char* said;
  } cases[] = {
      {.options = {.rate = 1us}, .code = std::errc::invalid_argument, .said = "10 microseconds"},
      {.options = {.rate = Hz{0}}, .code = std::errc::invalid_argument, .said = "0 ticks a second"},
      {.options = {.rate = Hz{1}, .on = CpuSet{}}, .code = std::errc::invalid_argument, .said = "empty"},
      {.options = {.rate = Hz{1}, .on = CpuSet{0, 9999}}, .code = std::errc::no_such_device, .said = "CPU 9999"},
      {.options = {.rate = Hz{1}, .on = PerfThread{0}}, .code = std::errc::invalid_argument, .said = "self()"},
      {.options = {.rate = Hz{1}, .on = PerfThread{-1}}, .code = std::errc::invalid_argument, .said = "self()"},
      {.options = {.rate = Hz{1}, .on = PerfThread{4'194'305}}, .code = std::errc::no_such_process, .said = "4194305"},
      {.options = {.rate = Hz{1}, .on = PerfProcess{4'194'305}}, .code = std::errc::no_such_process, .said = "4194305"},
      {.options = {.rate = Hz{1}, .ring_pages = 3}, .code = std::errc::invalid_argument, .said = "power of two"},
  };
  for (const auto& [options, code, said] : cases) {
    const Error error = thrown_by([&, &given = options] { const PerfTimer timer{given}; });
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_THAT(error.what(), HasSubstr(said));
  }
}

TEST(PerfTimerWakeup, WithoutRightsTheErrorSaysWhatToSet) {
  const std::string said = as_nobody([] {
    const PerfTimer timer{{.rate = Hz{10}}};
    return std::string("it ticks");
  });
  int paranoid = 2;
  std::ifstream("/proc/sys/kernel/perf_event_paranoid") >> paranoid;
  if (paranoid > 0) {
    EXPECT_THAT(said, HasSubstr("CAP_PERFMON"));
    EXPECT_THAT(said, HasSubstr("perf_event_paranoid at most 0"));
  } else {
    EXPECT_EQ(said, "it ticks");
  }
}

// A /proc that is this one, but for the limit.
TEST(PerfTimerWakeup, AProcessWhoseFirstThreadHasEndedTicks) {
  const int pid = ::fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) {
    std::thread([] {
      work_for(10s);
      ::_exit(0);
    }).detach();
    ::syscall(SYS_exit, 0);  // this thread alone
  }
  const auto state = [&] {
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string number;
    std::string name;
    char letter = 0;
    stat >> number >> name >> letter;
    return letter;
  };
  while (state() != 'Z')
    std::this_thread::sleep_for(1ms);
  {
    PerfTimer timer{{.rate = 1ms, .on = PerfProcess{pid, PerfFollow::nobody}}};
    std::size_t ticks = 0;
    while (ticks < 10 && readable(timer.native_handle(), 20s))
      ticks += timer.drain().ticks.size();
    EXPECT_GE(ticks, 10U);
  }
  ::kill(pid, SIGKILL);
  // Now all have ended, and the process is not waited for yet.
  siginfo_t ended{};
  EXPECT_EQ(::waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(thrown_by([&] { const PerfTimer timer{{.rate = 1ms, .on = PerfProcess{pid}}}; }).code(),
            std::errc::no_such_process);
  EXPECT_EQ(thrown_by([&] { const PerfCounter counter{"task-clock", PerfProcess{pid}}; }).code(),
            std::errc::no_such_process);
  EXPECT_EQ(::waitpid(pid, nullptr, 0), pid);
}

TEST(PerfTimerWakeup, ALimitThatIsLoweredIsTold) {
  const auto proc = std::filesystem::temp_directory_path() / ("fathom_perf_timer_limit_" + std::to_string(::getpid()));
  std::filesystem::create_directories(proc / "sys/kernel");
  const auto set = [&](unsigned limit) {
    std::ofstream(proc / "sys/kernel/perf_event_max_sample_rate") << limit << '\n';
  };
  set(1000);
  EXPECT_EQ(thrown_by([&] { const PerfTimer timer{{.rate = Hz{1001}, .proc = proc}}; }).path(),
            proc / "sys/kernel/perf_event_max_sample_rate");
  PerfTimer timer{{.rate = Hz{500}, .on = CpuSet{0}, .proc = proc}};
  set(400);
  std::vector<TimerChange> told;
  const auto until = steady_clock::now() + 3s;
  while (steady_clock::now() < until) {
    (void)readable(timer.native_handle(), 100ms);
    for (const TimerChange& change : timer.drain().changes) {
      if (change.what == TimerChange::What::limit_lowered)
        told.push_back(change);
    }
  }
  EXPECT_THAT(told, testing::ElementsAre(TimerChange{.what = TimerChange::What::limit_lowered, .limit = 400}));
  std::filesystem::remove_all(proc);
}

}  // namespace
}  // namespace fathom::live
