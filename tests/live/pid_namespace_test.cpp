// Profiles from within a PID namespace, as in a container: processes have the numbers that they have there.

#include "bpf_support.hpp"
#include "held_child.hpp"
#include "profile_support.hpp"
#include "profile_workload.hpp"

#include <fathom/profile/off_cpu_profiler.hpp>
#include <fathom/profile/profiler.hpp>

#include <gtest/gtest.h>

#include <sched.h>
#include <sys/mount.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <functional>
#include <iostream>
#include <string_view>

namespace {

using namespace std::chrono_literals;
using fathom::Duration;
using fathom::Profile;
using fathom::ProfileEntry;
using fathom::live::folded;
using fathom::live::HeldChild;
using fathom::live::in_child;
using fathom::live::Names;
using fathom::live::of_process;
using fathom::live::share_of;

class PidNamespace : public fathom::live::BpfTest {};

// In a namespace in which the next process is number 1, with a /proc that says so.
bool in_namespace(const std::function<bool()>& work) {
  return in_child([&] {
    if (::unshare(CLONE_NEWPID | CLONE_NEWNS) != 0)
      return false;
    return in_child([&] {
      if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
          ::mount("proc", "/proc", "proc", 0, nullptr) != 0)
        return false;
      try {
        return work();
      } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return false;
      }
    });
  });
}

// The child's, all of it by the numbers that it has here; `name` is in it.
bool is_of(int child, const Profile& profile, std::string_view name) {
  const auto named = Names().name(of_process(profile, child));
  const bool good = !profile.entries.empty() && share_of(named, name).count > 0 &&
                    std::ranges::all_of(profile.entries, [&](const ProfileEntry& entry) {
                      return entry.task.pid == static_cast<unsigned>(child) && entry.task.tid == entry.task.pid;
                    });
  if (!good) {
    std::cerr << "child " << child << '\n';
    for (const ProfileEntry& entry : profile.entries)
      std::cerr << entry.task.pid << '/' << entry.task.tid << ' ' << entry.task.comm << '\n';
    std::cerr << folded(named) << '\n';
  }
  return good;
}

TEST_F(PidNamespace, OnCpu) {
  EXPECT_TRUE(in_namespace([] {
    HeldChild child([] {
      fathom_spin_inner(Duration(300ms).count());
      return true;
    });
    fathom::Profiler profiler({.rate = fathom::Hz{499}, .on = fathom::PerfProcess{child.pid()}});
    const int pid = child.pid();
    return pid < 10 && child.run() && is_of(pid, profiler.stop(), "fathom_spin_inner");
  }));
}

TEST_F(PidNamespace, OffCpu) {
  EXPECT_TRUE(in_namespace([] {
    HeldChild child([] {
      fathom_sleep_outer(3, Duration(10ms).count());
      return true;
    });
    fathom::OffCpuProfiler profiler({.pid = child.pid()});
    const int pid = child.pid();
    return child.run() && is_of(pid, profiler.stop(), "fathom_sleep_inner");
  }));
}

// Of the whole machine it sees what is in the namespace: this process and its child.
TEST_F(PidNamespace, OffCpuOfAll) {
  EXPECT_TRUE(in_namespace([] {
    HeldChild child([] {
      fathom_sleep_outer(3, Duration(10ms).count());
      return true;
    });
    const int pid = child.pid();
    fathom::OffCpuProfiler profiler;
    if (!child.run())
      return false;
    const Profile profile = profiler.stop();
    const auto is_ours = [&](const ProfileEntry& entry) {
      return entry.task.pid == 1 || entry.task.pid == static_cast<unsigned>(pid);
    };
    return std::ranges::all_of(profile.entries, is_ours) &&
           share_of(Names().name(profile), "fathom_sleep_inner").count >= 1;
  }));
}

}  // namespace
