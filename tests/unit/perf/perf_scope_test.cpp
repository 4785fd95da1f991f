#include <fathom/perf/perf_rate.hpp>
#include <fathom/perf/perf_scope.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <thread>
#include <type_traits>
#include <variant>

namespace fathom {
namespace {

TEST(PerfScope, SelfIsTheCaller) {
  EXPECT_EQ(PerfProcess::self(), (PerfProcess{getpid(), PerfFollow::children}));
  EXPECT_EQ(PerfThread::self(), (PerfThread{getpid(), PerfFollow::nobody}))
      << "the main thread has the process' number";
  PerfThread other;
  std::thread([&] { other = PerfThread::self(PerfFollow::threads); }).join();
  EXPECT_GT(other.tid, 0);
  EXPECT_NE(other.tid, getpid());
  EXPECT_EQ(other.follow, PerfFollow::threads);
}

TEST(PerfScope, IsMadeOfWhatItIs) {
  PerfScope scope = CpuSet{0, 2};
  EXPECT_EQ(std::get<CpuSet>(scope).list(), "0,2");
  scope = OnlineCpus{};
  EXPECT_TRUE(std::holds_alternative<OnlineCpus>(scope));
  scope = PerfCgroup{.path = "/sys/fs/cgroup/app.slice"};
  EXPECT_TRUE(std::holds_alternative<OnlineCpus>(std::get<PerfCgroup>(scope).cpus));
  EXPECT_NE(scope, PerfScope(PerfCgroup{"/sys/fs/cgroup/app.slice", CpuSet{1}}));
}

TEST(PerfRate, ABareNumberIsNoRate) {
  EXPECT_FALSE((std::is_convertible_v<std::uint64_t, TimerRate>));
  EXPECT_FALSE((std::is_convertible_v<std::uint64_t, SampleRate>));
  const TimerRate frequency = Hz{99};
  EXPECT_EQ(std::get<Hz>(frequency).value, 99U);
  const SampleRate period = std::chrono::milliseconds(10);
  EXPECT_EQ(std::get<Duration>(period).count(), 10'000'000);
  EXPECT_EQ(SampleRate(EventCount{1}), SampleRate(EventCount{1}));
  EXPECT_NE(SampleRate(EventCount{1}), SampleRate(Hz{1}));
}

}  // namespace
}  // namespace fathom
