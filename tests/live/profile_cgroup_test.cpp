// A profile of a cgroup has what its processes do, and nobody else's doings.

#include "bpf_support.hpp"
#include "held_child.hpp"
#include "profile_support.hpp"
#include "profile_workload.hpp"
#include "test_cgroup.hpp"

#include <fathom/base/error.hpp>
#include <fathom/profile/off_cpu_profiler.hpp>
#include <fathom/profile/profiler.hpp>

#include <gmock/gmock.h>

#include <unistd.h>

#include <chrono>
#include <string>

namespace {

using namespace std::chrono_literals;
using fathom::Duration;
using fathom::Hz;
using fathom::NamedProfile;
using fathom::OffCpuOptions;
using fathom::OffCpuProfiler;
using fathom::PerfCgroup;
using fathom::Profile;
using fathom::Profiler;
using fathom::live::expect_sums;
using fathom::live::folded;
using fathom::live::HeldChild;
using fathom::live::Names;
using fathom::live::share_of;
using fathom::live::TestCgroup;

using ProfileCgroup = fathom::live::BpfTest;

TEST_F(ProfileCgroup, OnlyWhatIsInsideIsSampled) {
  const TestCgroup group("profile");
  group.bring_perf_event_in();
  HeldChild outside([] {
    fathom_spin_inner(Duration(300ms).count());
    return true;
  });
  Profiler profiler({.rate = Hz{499}, .on = PerfCgroup{group.path()}});
  ASSERT_TRUE(outside.run());
  profiler.drain();
  EXPECT_EQ(group.run([] {
    fathom_spin_outer(Duration(300ms).count(), 0);
    return true;
  }),
            true);
  const Profile profile = profiler.stop();
  expect_sums(profile);
  const NamedProfile named = Names().name(profile);
  EXPECT_GT(share_of(named, "fathom_spin_outer").self, 0U) << folded(named);
  // The one inside calls it for no time; the one outside did nothing else.
  EXPECT_LE(share_of(named, "fathom_spin_inner").count, 1U) << folded(named);
}

TEST_F(ProfileCgroup, OnlyWhatIsInsideOrBelowIsSeenOffCpu) {
  const TestCgroup group("profile");
  const TestCgroup below("below", &group);
  HeldChild outside([] {
    fathom_sleep_outer(5, Duration(10ms).count());
    return true;
  });
  OffCpuProfiler profiler({.cgroup = group.path()});
  ASSERT_TRUE(outside.run());
  for (const TestCgroup* inside : {&group, &below}) {
    EXPECT_EQ(inside->run([] {
      fathom_sleep_inner(Duration(100ms).count());
      return true;
    }),
              true);
  }
  const Profile profile = profiler.stop();
  expect_sums(profile);
  const NamedProfile named = Names().name(profile);
  // Both: of each the kernel may keep a switch to itself, where it is no VM.
  EXPECT_GE(share_of(named, "fathom_sleep_inner").count + 2 * profile.counts.lost, 2U) << folded(named);
  EXPECT_GE(share_of(named, "fathom_sleep_inner").time, 95ms) << folded(named);
  EXPECT_EQ(share_of(named, "fathom_sleep_outer").count, 0U) << folded(named);
}

TEST_F(ProfileCgroup, WhatIsNoCgroupIsRefused) {
  const auto off_cpu = [](const OffCpuOptions& options) {
    try {
      const OffCpuProfiler profiler(options);
    } catch (const fathom::Error& error) {
      return error.path() + ": " + error.code().message();
    }
    return std::string("nothing was thrown");
  };
  EXPECT_EQ(off_cpu({.cgroup = "/nowhere/group"}), "/nowhere/group: No such file or directory");
  EXPECT_EQ(off_cpu({.pid = ::getpid(), .cgroup = "/nowhere/group"}), "/nowhere/group: Invalid argument");
  try {
    const Profiler profiler({.on = PerfCgroup{"/nowhere/group"}});
    FAIL();
  } catch (const fathom::Error& error) {
    EXPECT_EQ(error.path(), "/nowhere/group");
    EXPECT_EQ(error.code(), std::errc::no_such_file_or_directory);
  }
}

}  // namespace
