// Events of a cgroup, which only its own tasks make.
#include "bpf_program.hpp"
#include "cpu_offline.hpp"
#include "perf_support.hpp"
#include "test_cgroup.hpp"
#include "this_process.hpp"

#include <fathom/base/error.hpp>
#include <fathom/perf/perf_counter.hpp>
#include <fathom/perf/perf_sampler.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

namespace fathom::live {
namespace {

TEST(PerfCgroupLive, ItsTasksAreCountedAndSampledAndNoOthers) {
  const TestCgroup group("fathom_perf");
  group.bring_perf_event_in();
  const PerfScope scope = PerfCgroup{group.path()};
  const PerfCounter calls{kGetppid, scope};
  PerfSampler sampler{kGetppid, {.rate = EventCount{1}, .on = scope}};
  call_getppid(1000);
  EXPECT_EQ(group.run([] {
    call_getppid(123);
    return true;
  }),
            true);
  EXPECT_EQ(calls.read().value, 123U);
  EXPECT_EQ(calls.read_places().size(), CpuSet::online().size());
  std::uint64_t samples = 0;
  for ([[maybe_unused]] const PerfSample& sample : sampler.drain().samples())
    ++samples;
  EXPECT_EQ(samples, 123U);
}

class PerfCgroupHotplug : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = why_no_hotplug())
      GTEST_SKIP() << *why;
  }
};

TEST_F(PerfCgroupHotplug, CpusMayGoAndCome) {
  constexpr PerfCpuChange kWent{.what = PerfCpuChange::What::cpu_went, .cpu = 1};
  constexpr PerfCpuChange kCame{.what = PerfCpuChange::What::cpu_came, .cpu = 1};
  const TestCgroup group("fathom_perf_hotplug");
  group.bring_perf_event_in();
  const PerfScope scope = PerfCgroup{.path = group.path()};
  PerfCounterGroup calls{{kGetppid, "page-faults"}, scope};
  PerfSampler sampler{kGetppid, {.rate = EventCount{1}, .on = scope}};
  const auto call_on_the_other = [&group] {
    EXPECT_EQ(group.run([] {
      const PinnedTo pinned(1);
      call_getppid(100);
      return true;
    }),
              true);
  };
  std::uint64_t samples = 0;
  const auto next = [&] {
    std::vector<PerfCpuChange> changes;
    while (changes.empty() && readable(sampler.native_handle(), std::chrono::seconds(5))) {
      const PerfSampleBatch batch = sampler.drain();
      samples += static_cast<std::uint64_t>(std::ranges::distance(batch.samples()));
      changes.assign(batch.changes.begin(), batch.changes.end());
    }
    return changes;
  };
  call_on_the_other();
  EXPECT_TRUE(calls.follow_cpus().empty()) << "nobody of it runs, and yet it is there";
  {
    const CpuOffline offline(1);
    EXPECT_THAT(calls.follow_cpus(), ::testing::ElementsAre(kWent));
    EXPECT_THAT(next(), ::testing::ElementsAre(kWent));
    EXPECT_EQ(calls.gone_cpus(), CpuSet{1});
    EXPECT_EQ(sampler.gone_cpus(), CpuSet{1});
  }
  EXPECT_THAT(calls.follow_cpus(), ::testing::ElementsAre(kCame));
  EXPECT_THAT(next(), ::testing::ElementsAre(kCame));
  call_on_the_other();
  EXPECT_EQ(calls.read()[0].value, 200U);
  EXPECT_EQ(sampler.count().value, 200U);
  {
    const CpuOffline offline(1);
  }
  EXPECT_THAT(calls.follow_cpus(), ::testing::ElementsAre(kWent, kCame));
  EXPECT_THAT(next(), ::testing::ElementsAre(kWent, kCame));
  EXPECT_EQ(samples, 200U);
  EXPECT_TRUE(calls.gone_cpus().empty());
}

}  // namespace
}  // namespace fathom::live
