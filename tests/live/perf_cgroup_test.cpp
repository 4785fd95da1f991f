// Events of a cgroup, which only its own tasks make.
#include "perf_support.hpp"
#include "test_cgroup.hpp"

#include <fathom/base/error.hpp>
#include <fathom/perf/perf_counter.hpp>
#include <fathom/perf/perf_sampler.hpp>

#include <gtest/gtest.h>

#include <cstdint>

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

}  // namespace
}  // namespace fathom::live
