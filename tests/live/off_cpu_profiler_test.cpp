#include "attach_errors.hpp"
#include "bpf_support.hpp"
#include "held_child.hpp"
#include "profile_support.hpp"
#include "profile_workload.hpp"
#include "unprivileged.hpp"

#include <fathom/base/error.hpp>
#include <fathom/profile/off_cpu_profiler.hpp>

#include <gmock/gmock.h>

#include <malloc.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <thread>

namespace {

using namespace std::chrono_literals;
using fathom::Duration;
using fathom::NamedProfile;
using fathom::OffCpuProfiler;
using fathom::Profile;
using fathom::ProfileEntry;
using fathom::live::expect_sums;
using fathom::live::folded;
using fathom::live::HeldChild;
using fathom::live::Names;
using fathom::live::of_process;
using fathom::live::Share;
using fathom::live::share_of;
using fathom::live::SharedNumbers;
using testing::HasSubstr;

class OffCpuLive : public fathom::live::BpfTest {};

// Without those in which it was preempted, on the way to sleep or back.
Profile of_sleeps(Profile profile) {
  std::erase_if(profile.entries, [](const ProfileEntry& entry) { return entry.state->raw.bits == 0; });
  return profile;
}

double part(Duration of, Duration whole) {
  return static_cast<double>(of.count()) / static_cast<double>(whole.count());
}

TEST_F(OffCpuLive, SleepsAreAccounted) {
  const SharedNumbers shared;
  HeldChild child([&] {
    shared[0] = fathom_sleep_outer(20, Duration(100ms).count());
    return true;
  });
  OffCpuProfiler profiler({.pid = child.pid()});
  ASSERT_TRUE(child.run());
  const Profile profile = profiler.stop();  // the child is gone

  const Names names;
  const NamedProfile named = names.name(profile);
  const Share share = share_of(named, "fathom_sleep_inner");
  // A twentieth for each of which the kernel did not tell that it was over.
  EXPECT_NEAR(part(share.time, Duration(shared[0])), 1, 0.01 + 0.05 * static_cast<double>(profile.counts.lost))
      << folded(named);
  // On a busy machine it may be kept off its CPU on the way into a sleep, and until that is over.
  const NamedProfile sleeps = names.name(of_sleeps(profile));
  const Share asleep = share_of(sleeps, "fathom_sleep_inner");
  EXPECT_EQ(share_of(sleeps, "fathom_sleep_outer").count, asleep.count) << folded(named);
  EXPECT_LE(asleep.count, 20U) << folded(named);
  EXPECT_GE(asleep.count, 10U) << folded(named);
  EXPECT_GE(asleep.time - asleep.waiting, 100ms * 10);
  EXPECT_EQ(share_of(named, "__schedule_[k]").self, share_of(named, "__schedule_[k]").count) << folded(named);
  expect_sums(profile);
  EXPECT_EQ(profile.counts.stacks_cut, 0U);
  for (const ProfileEntry& entry : profile.entries) {
    ASSERT_TRUE(entry.state.has_value());
    EXPECT_FALSE(entry.state->preempted && entry.state->raw.bits != 0);
    if (entry.count > 10U && entry.state->raw.bits != 0) {
      EXPECT_EQ(entry.state->raw.bits & 3U, 1U);  // TASK_INTERRUPTIBLE
    }
  }
}

TEST_F(OffCpuLive, WhoSleepsAtTheEndIsUnfinished) {
  HeldChild child([] {
    fathom_sleep_inner(Duration(2s).count());
    return true;
  });
  Profile profile;
  {
    OffCpuProfiler profiler({.pid = child.pid()});
    std::jthread runner([&] { EXPECT_TRUE(child.run()); });
    std::this_thread::sleep_for(400ms);
    profile = profiler.stop();
  }
  const NamedProfile named = Names().name(of_sleeps(profile));
  const Share share = share_of(named, "fathom_sleep_inner");
  ASSERT_EQ(share.count, 1U) << folded(named);
  EXPECT_GT(share.time, 100ms);
  EXPECT_LT(share.time, 2s);
  EXPECT_EQ(std::ranges::count(profile.entries, true, &ProfileEntry::unfinished), 1);
  expect_sums(profile);
}

TEST_F(OffCpuLive, WhoSleptBeforeIsCountedAndNotMadeUp) {
  HeldChild child([] { return true; });  // waits in read(2)
  std::this_thread::sleep_for(50ms);
  OffCpuProfiler profiler({.pid = child.pid()});
  ASSERT_TRUE(child.run());
  const Profile profile = profiler.stop();
  EXPECT_EQ(profile.counts.began_before, 1U);
  expect_sums(profile);
}

TEST_F(OffCpuLive, ChildrenAreFollowedIfAsked) {
  for (const bool follow : {true, false}) {
    HeldChild child([] {
      const pid_t grandchild = ::fork();
      if (grandchild == 0) {
        fathom_sleep_outer(3, Duration(10ms).count());
        ::_exit(0);
      }
      return ::waitpid(grandchild, nullptr, 0) == grandchild;
    });
    OffCpuProfiler profiler({.pid = child.pid(), .follow_children = follow});
    ASSERT_TRUE(child.run());
    const Profile profile = profiler.stop();
    const NamedProfile named = Names().name(of_sleeps(profile));
    const std::uint64_t count = share_of(named, "fathom_sleep_inner").count;
    EXPECT_LE(count, follow ? 3U : 0U) << folded(named);
    EXPECT_EQ(count > 0, follow) << folded(named);
    expect_sums(profile);
  }
}

TEST_F(OffCpuLive, TheWholeMachineHasOurChildInIt) {
  HeldChild child([] {
    fathom_sleep_outer(5, Duration(20ms).count());
    return true;
  });
  OffCpuProfiler profiler;
  const int pid = child.pid();
  ASSERT_TRUE(child.run());
  const Profile profile = profiler.stop();
  expect_sums(profile);
  // A machine's own kernel may keep some switches to itself.
  EXPECT_LE(profile.counts.lost, 2 + profile.counts.seen / 20);
  std::set<std::uint32_t> pids;
  for (const ProfileEntry& entry : profile.entries)
    pids.insert(entry.task.pid);
  EXPECT_GT(pids.size(), 2U);
  EXPECT_EQ(pids.count(0), 0U);
  const NamedProfile named = Names().name(of_sleeps(of_process(profile, pid)));
  const std::uint64_t count = share_of(named, "fathom_sleep_inner").count;
  EXPECT_LE(count, 5U) << folded(named);
  EXPECT_GE(count, 1U) << folded(named);
}

// Each maps some code of its own, in private.
void run_short_processes(unsigned count) {
  constexpr unsigned kMappings = 50;
  for (unsigned i = 0; i < count; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      for (unsigned k = 0; k < kMappings; ++k)
        ::munmap(::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096);
      ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);
  }
}

std::size_t heap_in_use() {
  return ::mallinfo2().uordblks;
}

TEST_F(OffCpuLive, ShortProcessesOfTheMachineTakeNoMemoryForGood) {
  constexpr unsigned kRounds = 100;
  HeldChild child([] {
    fathom_sleep_outer(5, Duration(10ms).count());
    return true;
  });
  const int pid = child.pid();
  OffCpuProfiler profiler({.max_mappings = 1000});
  ASSERT_TRUE(child.run());
  std::size_t early = 0;
  for (unsigned round = 0; round < kRounds; ++round) {
    run_short_processes(10);
    profiler.drain();
    if (round == kRounds / 5)
      early = heap_in_use();
  }
  const std::size_t late = heap_in_use();
  const Profile profile = profiler.stop();
  expect_sums(profile);
  EXPECT_EQ(profile.counts.mappings_lost, 0U);
  // 40,000 mappings were made in between, each of which would take 250 bytes.
  EXPECT_LT(late, early + (std::size_t{4} << 20U));
  // Who had ended before keeps its names.
  const NamedProfile named = Names().name(of_sleeps(of_process(profile, pid)));
  EXPECT_GE(share_of(named, "fathom_sleep_outer").count, 1U) << folded(named);
}

TEST_F(OffCpuLive, FullTablesAreCounted) {
  HeldChild child([] {
    fathom_sleep_outer(3, Duration(1ms).count());
    fathom_sleep_inner(Duration(1ms).count());
    const pid_t grandchild = ::fork();
    if (grandchild == 0) {
      fathom_sleep_outer(4, Duration(1ms).count());
      ::_exit(0);
    }
    return ::waitpid(grandchild, nullptr, 0) == grandchild;
  });
  OffCpuProfiler profiler(
      {.pid = child.pid(), .max_stacks = 1, .max_threads = 1, .max_entries = 1, .max_processes = 2});
  ASSERT_TRUE(child.run());
  const Profile profile = profiler.stop();
  EXPECT_GE(profile.counts.lost, 1U);            // of the grandchild: there is one thread too many
  EXPECT_GE(profile.counts.no_room, 1U);         // of this one's sums, which have two stacks
  EXPECT_GE(profile.counts.stacks_missing, 1U);  // and of these one has no room
  expect_sums(profile);
}

// More children than there is room for, one after the other.
TEST_F(OffCpuLive, AProcessThatEndedMakesRoom) {
  HeldChild child([] {
    for (int i = 0; i < 80; ++i) {
      const pid_t grandchild = ::fork();
      if (grandchild == 0) {
        fathom_sleep_outer(1, Duration(1ms).count());
        ::_exit(0);
      }
      if (::waitpid(grandchild, nullptr, 0) != grandchild)
        return false;
      fathom_sleep_outer(1, Duration(20ms).count());  // the kernel frees it some time later
    }
    return true;
  });
  OffCpuProfiler profiler({.pid = child.pid(), .max_processes = 32});
  ASSERT_TRUE(child.run());
  const Profile profile = profiler.stop();
  EXPECT_EQ(profile.counts.children_missing, 0U);
  expect_sums(profile);
}

TEST_F(OffCpuLive, StacksOfOneKindOnly) {
  for (const bool kernel : {true, false}) {
    HeldChild child([] {
      fathom_sleep_outer(2, Duration(1ms).count());
      return true;
    });
    OffCpuProfiler profiler({.pid = child.pid(), .kernel_stacks = kernel, .user_stacks = !kernel});
    ASSERT_TRUE(child.run());
    const Profile profile = profiler.stop();
    ASSERT_FALSE(profile.entries.empty());
    for (const ProfileEntry& entry : profile.entries) {
      EXPECT_TRUE(kernel || entry.kernel.empty());
      EXPECT_TRUE(!kernel || entry.user.empty());
    }
    EXPECT_EQ(profile.counts.user_stacks_missing, 0U);
  }
}

TEST_F(OffCpuLive, WhatCannotBeIsRefused) {
  const auto code = [](const fathom::OffCpuOptions& options) {
    try {
      OffCpuProfiler profiler(options);
    } catch (const fathom::Error& error) {
      return error.code();
    }
    return std::error_code();
  };
  const pid_t gone = ::fork();
  if (gone == 0)
    ::_exit(0);
  ::waitpid(gone, nullptr, 0);
  EXPECT_EQ(code({.pid = gone}), std::errc::no_such_process);
  std::thread([&] {
    EXPECT_EQ(code({.pid = static_cast<int>(::syscall(SYS_gettid))}), std::errc::invalid_argument);
  }).join();
  EXPECT_EQ(code({.pid = 0}), std::errc::invalid_argument);
  EXPECT_EQ(code({.max_stacks = 0}), std::errc::invalid_argument);
  EXPECT_EQ(code({.mapping_ring_pages = 3}), std::errc::invalid_argument);
}

}  // namespace
