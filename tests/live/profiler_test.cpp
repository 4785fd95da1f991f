#include "bpf_support.hpp"
#include "cpu_offline.hpp"
#include "held_child.hpp"
#include "profile_support.hpp"
#include "profile_workload.hpp"

#include <fathom/base/cpu_set.hpp>
#include <fathom/base/error.hpp>
#include <fathom/profile/profiler.hpp>

#include <gmock/gmock.h>

#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

namespace {

using namespace std::chrono_literals;
using fathom::CpuSet;
using fathom::Duration;
using fathom::Hz;
using fathom::NamedProfile;
using fathom::NamedStack;
using fathom::OnlineCpus;
using fathom::PerfFollow;
using fathom::PerfProcess;
using fathom::PerfThread;
using fathom::Profile;
using fathom::ProfileEntry;
using fathom::ProfileFile;
using fathom::Profiler;
using fathom::ProfilerOptions;
using fathom::live::expect_sums;
using fathom::live::folded;
using fathom::live::HeldChild;
using fathom::live::Names;
using fathom::live::of_process;
using fathom::live::share_of;
using testing::HasSubstr;

class ProfilerLive : public fathom::live::BpfTest {};
class ProfilerHotplug : public fathom::live::BpfTest {};

void expect_ticks(const Profile& profile) {
  expect_sums(profile);
  for (const ProfileEntry& entry : profile.entries)
    EXPECT_EQ(entry.time, profile.period * static_cast<std::int64_t>(entry.count));
  ASSERT_TRUE(profile.ticks.has_value());
  EXPECT_EQ(profile.ticks->delivered, profile.counts.seen);
}

double part(std::uint64_t of, std::uint64_t whole) {
  return static_cast<double>(of) / static_cast<double>(std::max<std::uint64_t>(whole, 1));
}

bool spin(Duration outer, Duration inner) {
  fathom_spin_outer(outer.count(), inner.count());
  return true;
}

constexpr const char* kSpinAfterExec = "FATHOM_SPIN_AFTER_EXEC";

// What WhoExecsIsTwoPrograms becomes: this program, which then does that and no test.
[[maybe_unused]] const bool spun_after_exec = [] {
  if (std::getenv(kSpinAfterExec) == nullptr)
    return false;
  fathom_spin_after_exec(Duration(300ms).count());
  ::_exit(0);
}();

// False, if at all.
bool become_spin_after_exec() {
  std::string self = "/proc/self/exe";
  std::string variable = std::string(kSpinAfterExec) + "=1";
  std::array<char*, 2> arguments = {self.data(), nullptr};
  std::array<char*, 2> environment = {variable.data(), nullptr};
  ::execve(self.c_str(), arguments.data(), environment.data());
  return false;
}

TEST_F(ProfilerLive, SharesAreThoseOfTheCpuTime) {
  HeldChild child([] { return spin(800ms, 400ms); });
  Profiler profiler({.rate = Hz{499}, .on = PerfProcess{child.pid()}});
  ASSERT_TRUE(child.run());
  const Profile profile = profiler.stop();  // the child is gone
  expect_ticks(profile);
  const NamedProfile named = Names().name(profile);
  const auto inner = share_of(named, "fathom_spin_inner");
  const auto outer = share_of(named, "fathom_spin_outer");
  EXPECT_GT(inner.count, 0U) << folded(named);
  // An emulator loses many ticks, and not the same part of them everywhere.
  if (profile.ticks->skipped * 20 < profile.ticks->expected) {
    EXPECT_NEAR(part(inner.count, outer.count), 1.0 / 3, 0.05) << folded(named);
    EXPECT_NEAR(part(outer.count, profile.counts.samples), 1, 0.1) << folded(named);
    EXPECT_NEAR(static_cast<double>(outer.count) / (1.2 * 499), 1, 0.15);
  }
  EXPECT_GT(part(inner.self, inner.count), 0.5) << folded(named);
  EXPECT_EQ(profile.counts.lost, 0U);
  EXPECT_EQ(profile.counts.idle, 0U);
  // This program, with the build id that the kernel or the file says.
  const auto own =
      std::ranges::find(profile.files, std::filesystem::read_symlink("/proc/self/exe").string(), &ProfileFile::path);
  ASSERT_NE(own, profile.files.end());
  EXPECT_EQ(own->build_id.size(), 40U);
}

TEST_F(ProfilerLive, WhoExecsIsTwoPrograms) {
  HeldChild child([] {
    fathom_spin_inner(Duration(300ms).count());
    return become_spin_after_exec();
  });
  Profiler profiler({.rate = Hz{499}, .on = PerfThread{child.pid(), PerfFollow::children}});
  ASSERT_TRUE(child.run());
  const Profile profile = profiler.stop();
  expect_ticks(profile);
  const NamedProfile named = Names().name(profile);
  EXPECT_GT(share_of(named, "fathom_spin_inner").count, 0U) << folded(named);
  EXPECT_GT(share_of(named, "fathom_spin_after_exec").count, 0U) << folded(named);
  for (const NamedStack& stack : named.stacks) {
    const auto has = [&](std::string_view name) {
      return std::ranges::any_of(stack.frames, [&](std::uint32_t frame) { return named.names[frame] == name; });
    };
    EXPECT_FALSE(has("fathom_spin_after_exec") && !has("exe")) << folded(named);
    EXPECT_FALSE(has("fathom_spin_inner") && has("exe")) << folded(named);
  }
}

// As a JIT compiler does: what else is mapped changes all the time, what the stack is in does not.
TEST_F(ProfilerLive, WhatElseIsMappedMakesNoOtherStack) {
  HeldChild child([] {
    for (int i = 0; i < 100; ++i) {
      constexpr std::size_t kPage = 4096;
      void* const code = ::mmap(nullptr, kPage, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (code == MAP_FAILED)
        return false;
      fathom_spin_inner(Duration(10ms).count());
      ::munmap(code, kPage);
    }
    return true;
  });
  Profiler profiler({.rate = Hz{499}, .on = PerfProcess{child.pid()}, .kernel_stacks = false, .max_entries = 64});
  ASSERT_TRUE(child.run());
  const Profile profile = profiler.stop();
  expect_ticks(profile);
  EXPECT_EQ(profile.counts.no_room, 0U);
  EXPECT_GT(share_of(Names().name(profile), "fathom_spin_inner").count, 100U);
}

// A thread's samples are of its process, whose mappings have names also when it has ended.
TEST_F(ProfilerLive, OfAThreadThatBeganNoProcess) {
  std::promise<int> tid;
  std::promise<void> go;
  std::thread thread([&] {
    tid.set_value(static_cast<int>(::syscall(SYS_gettid)));
    go.get_future().wait();
    fathom_spin_inner(Duration(300ms).count());
  });
  Profiler profiler({.rate = Hz{499}, .on = PerfThread{tid.get_future().get()}});
  go.set_value();
  thread.join();
  const Profile profile = profiler.stop();
  expect_ticks(profile);
  ASSERT_GT(profile.counts.samples, 0U);
  EXPECT_EQ(profile.entries.front().task.pid, static_cast<unsigned>(::getpid()));
  EXPECT_GT(share_of(Names().name(profile), "fathom_spin_inner").count, 0U);
}

TEST_F(ProfilerLive, AfterItsEndItSaysSo) {
  Profiler first({.rate = Hz{99}, .on = PerfThread::self()});
  Profiler second(std::move(first));
  // NOLINTBEGIN(bugprone-use-after-move): what is tested
  EXPECT_THROW(first.drain(), fathom::Error);
  EXPECT_THROW(static_cast<void>(first.stop()), fathom::Error);
  EXPECT_EQ(first.native_handle(), -1);
  // NOLINTEND(bugprone-use-after-move)
  static_cast<void>(second.stop());
  EXPECT_THROW(static_cast<void>(second.stop()), fathom::Error);
}

TEST_F(ProfilerLive, ChildrenAreFollowedIfAsked) {
  for (const bool follow : {true, false}) {
    HeldChild child([] {
      const pid_t grandchild = ::fork();
      if (grandchild == 0) {
        fathom_spin_inner(Duration(200ms).count());
        ::_exit(0);
      }
      return ::waitpid(grandchild, nullptr, 0) == grandchild;
    });
    Profiler profiler({.on = PerfProcess{child.pid(), follow ? PerfFollow::children : PerfFollow::threads}});
    ASSERT_TRUE(child.run());
    const Profile profile = profiler.stop();
    expect_ticks(profile);
    const NamedProfile named = Names().name(profile);
    EXPECT_EQ(share_of(named, "fathom_spin_inner").count > 0, follow) << folded(named);
  }
}

TEST_F(ProfilerLive, TheWholeMachineHasOurChildInItAndCountsIdleness) {
  HeldChild child([] { return spin(0ms, 200ms); });
  const int pid = child.pid();
  Profiler profiler({.rate = Hz{199}, .on = OnlineCpus{}});
  ASSERT_TRUE(child.run());
  const Profile profile = profiler.stop();
  expect_ticks(profile);
  EXPECT_TRUE(std::ranges::none_of(profile.entries, [](const ProfileEntry& entry) { return entry.task.pid == 0; }));
  const NamedProfile named = Names().name(of_process(profile, pid));
  const auto inner = share_of(named, "fathom_spin_inner");
  EXPECT_GT(inner.count, 0U) << folded(named);
  EXPECT_LE(inner.count, 50U) << folded(named);  // 0.2 s of 199 a second, and a part more for the clock's grain
}

// The new program is mapped and ends there, so that its names are known from what that CPU tells alone.
TEST_F(ProfilerHotplug, WhatIsMappedOnACpuThatCameIsTold) {
  if (const auto why = fathom::live::why_no_hotplug())
    GTEST_SKIP() << *why;
  HeldChild child([] {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(1, &one);
    return ::sched_setaffinity(0, sizeof one, &one) == 0 && become_spin_after_exec();
  });
  const int pid = child.pid();
  std::optional<fathom::live::CpuOffline> offline(1);
  Profiler profiler({.rate = Hz{499}, .on = OnlineCpus{}});
  offline.reset();
  const auto listens_by = std::chrono::steady_clock::now() + 3s;  // it looks once a second
  while (std::chrono::steady_clock::now() < listens_by) {
    pollfd wait{.fd = profiler.native_handle(), .events = POLLIN, .revents = 0};
    ::poll(&wait, 1, 100);
    profiler.drain();
  }
  ASSERT_TRUE(child.run());
  const NamedProfile named = Names().name(of_process(profiler.stop(), pid));
  EXPECT_GT(share_of(named, "fathom_spin_after_exec").count, 0U) << folded(named);
}

TEST_F(ProfilerLive, ARingThatIsFullIsCounted) {
  HeldChild child([] { return spin(0ms, 300ms); });
  Profiler profiler({.on = PerfProcess{child.pid()}, .ring_bytes = 4096});
  ASSERT_TRUE(child.run());
  const Profile profile = profiler.stop();
  expect_ticks(profile);
  // An emulator may give a few ticks only; a sample takes 56 bytes and more.
  if (profile.counts.seen > 4096 / 56) {
    EXPECT_GT(profile.counts.lost, 0U);
  }
  EXPECT_GT(profile.counts.samples, 0U);
}

TEST_F(ProfilerLive, StacksThatFindNoRoomAreCounted) {
  HeldChild child([] { return spin(100ms, 100ms); });
  Profiler profiler({.on = PerfProcess{child.pid()}, .max_entries = 1});
  ASSERT_TRUE(child.run());
  const Profile profile = profiler.stop();
  expect_ticks(profile);
  EXPECT_EQ(profile.entries.size(), 1U);
  EXPECT_GT(profile.counts.no_room, 0U);
}

TEST_F(ProfilerLive, IsReadableWhenARingIsHalfFull) {
  std::promise<int> tid;
  std::jthread spinner([&](const std::stop_token& stop) {
    tid.set_value(static_cast<int>(::syscall(SYS_gettid)));
    while (!stop.stop_requested())
      fathom_spin_inner(Duration(10ms).count());
  });
  const PerfThread on{tid.get_future().get()};
  Profiler small({.on = on, .ring_bytes = std::size_t{1} << 15U});
  Profiler large({.on = on});
  const auto is_readable = [](const Profiler& profiler, int milliseconds) {
    pollfd wait{.fd = profiler.native_handle(), .events = POLLIN, .revents = 0};
    return ::poll(&wait, 1, milliseconds) == 1;
  };
  // Once a second each is readable anyway: the one whose ring has room shows that it was not that.
  bool because_of_the_ring = false;
  for (int i = 0; i < 50 && !because_of_the_ring; ++i) {
    large.drain();
    small.drain();
    because_of_the_ring = is_readable(small, 5000) && !is_readable(large, 0);
  }
  EXPECT_TRUE(because_of_the_ring);
  expect_ticks(small.stop());
}

TEST_F(ProfilerLive, StacksOfOneKindOnly) {
  for (const bool kernel : {true, false}) {
    HeldChild child([] { return spin(0ms, 100ms); });
    Profiler profiler({.on = PerfProcess{child.pid()}, .kernel_stacks = kernel, .user_stacks = !kernel});
    ASSERT_TRUE(child.run());
    const Profile profile = profiler.stop();
    expect_ticks(profile);
    for (const ProfileEntry& entry : profile.entries) {
      EXPECT_TRUE(kernel || entry.kernel.empty());
      EXPECT_TRUE(!kernel || entry.user.empty());
    }
  }
}

TEST_F(ProfilerLive, WhatCannotBeIsRefused) {
  const auto message = [](const ProfilerOptions& options) -> std::string {
    try {
      Profiler profiler(options);
    } catch (const fathom::Error& error) {
      return error.what();
    }
    return "nothing was thrown";
  };
  const pid_t gone = ::fork();
  if (gone == 0)
    ::_exit(0);
  ::waitpid(gone, nullptr, 0);
  EXPECT_THAT(message({.on = PerfProcess{gone}}),
              testing::AnyOf(HasSubstr("No such process"), HasSubstr("No such file")));
  EXPECT_THAT(message({.rate = Hz{50'000'000}}), HasSubstr("Invalid argument"));
  EXPECT_THAT(message({.on = CpuSet{8000}}), HasSubstr("cannot"));
  EXPECT_THAT(message({.ring_bytes = 5000}), HasSubstr("a power of two"));
}

}  // namespace
