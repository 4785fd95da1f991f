// Events of a cgroup, which only its own tasks make.
#include "perf_support.hpp"
#include "test_cgroup.hpp"
#include "tracefs_support.hpp"

#include <fathom/base/error.hpp>
#include <fathom/perf/perf_counter.hpp>
#include <fathom/perf/perf_sampler.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <string>

namespace fathom::live {
namespace {

// Of version 2, perf_event is in every cgroup; but the kernel brings it into those below the root with the first change
// of the root's controllers only, which at most machines the init system makes (kernel/cgroup/cgroup.c,
// cgroup_refresh_subtree_ss_mask).
void bring_perf_event_in(const std::string& below_root) {
  if (!in_vm())
    return;
  const std::string control = below_root.substr(0, below_root.rfind('/')) + "/cgroup.subtree_control";
  for (const char* change : {"+pids", "-pids"}) {
    std::ofstream file(control);
    file << change << std::flush;
    EXPECT_TRUE(file) << control;
  }
}

TEST(PerfCgroupLive, ItsTasksAreCountedAndSampledAndNoOthers) {
  const TestCgroup group("fathom_perf");
  bring_perf_event_in(group.path());
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
