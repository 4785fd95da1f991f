// What the profilers say to who has no rights: which is missing, and what to set.

#include "bpf_support.hpp"
#include "unprivileged.hpp"

#include <fathom/profile/live_idle.hpp>
#include <fathom/profile/off_cpu_profiler.hpp>
#include <fathom/profile/profiler.hpp>

#include <gmock/gmock.h>

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using fathom::LiveIdle;
using fathom::LiveIdleOptions;
using fathom::OffCpuOptions;
using fathom::OffCpuProfiler;
using fathom::PerfProcess;
using fathom::Profiler;
using fathom::ProfilerOptions;
using fathom::live::as_nobody;
using fathom::live::without_capabilities;
using testing::AllOf;
using testing::HasSubstr;

using ProfileRights = fathom::live::BpfTest;

using Begin = std::function<std::string()>;

template <class Watcher, class Options>
Begin begin(const Options& options) {
  return [=]() -> std::string {
    const Watcher watcher(options);
    return "nothing was thrown";
  };
}

const std::vector<std::pair<std::string_view, Begin>>& watchers() {
  static const std::vector<std::pair<std::string_view, Begin>> all = {
      {"Profiler", begin<Profiler>(ProfilerOptions{})},
      {"OffCpuProfiler", begin<OffCpuProfiler>(OffCpuOptions{})},
      {"LiveIdle", begin<LiveIdle>(LiveIdleOptions{})},
  };
  return all;
}

// Above 2, Debian's kernels take CAP_SYS_ADMIN only for perf events.
bool only_for_admins() {
  int paranoid = 0;
  std::ifstream("/proc/sys/kernel/perf_event_paranoid") >> paranoid;
  return paranoid > 2;
}

constexpr const char* kForAdmins = "with which Debian's kernels want CAP_SYS_ADMIN";

TEST_F(ProfileRights, NobodyIsToldWhatIsMissing) {
  for (const auto& [name, begin] : watchers()) {
    EXPECT_THAT(as_nobody(begin), HasSubstr("neither CAP_BPF nor CAP_SYS_ADMIN, and not CAP_PERFMON, which tracing"))
        << name;
  }
}

TEST_F(ProfileRights, PerfmonIsNamed) {
  for (const auto& [name, begin] : watchers())
    EXPECT_THAT(without_capabilities({CAP_PERFMON, CAP_SYS_ADMIN}, begin), HasSubstr("CAP_PERFMON")) << name;
}

TEST_F(ProfileRights, BpfIsNamed) {
  for (const auto& [name, begin] : watchers())
    EXPECT_THAT(without_capabilities({CAP_BPF, CAP_SYS_ADMIN}, begin), HasSubstr("neither CAP_BPF nor CAP_SYS_ADMIN"))
        << name;
}

TEST_F(ProfileRights, BothAreEnough) {
  for (const auto& [name, begin] : watchers()) {
    EXPECT_THAT(without_capabilities({CAP_SYS_ADMIN}, begin),
                only_for_admins() ? HasSubstr(kForAdmins) : HasSubstr("nothing was thrown"))
        << name;
  }
}

// A process of the user nobody, as long as the object lives.
class NobodysProcess {
 public:
  NobodysProcess() {
    std::array<int, 2> pipe{};
    EXPECT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      const bool changed = ::setgid(kNobody) == 0 && ::setuid(kNobody) == 0;
      while (changed && ::write(pipe[1], "x", 1) == 1)
        ::pause();
      ::_exit(1);
    }
    ::close(pipe[1]);
    char byte = 0;
    EXPECT_EQ(::read(pipe[0], &byte, 1), 1);
    ::close(pipe[0]);
  }
  ~NobodysProcess() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  NobodysProcess(const NobodysProcess&) = delete;
  NobodysProcess& operator=(const NobodysProcess&) = delete;
  [[nodiscard]] int pid() const { return pid_; }

 private:
  static constexpr unsigned kNobody = 65534;
  int pid_ = -1;
};

TEST_F(ProfileRights, PtraceIsNamed) {
  const NobodysProcess child;
  const Begin profiler = begin<Profiler>(ProfilerOptions{.on = PerfProcess{child.pid()}});
  const Begin off_cpu = begin<OffCpuProfiler>(OffCpuOptions{.pid = child.pid()});
  const std::string maps = "/proc/" + std::to_string(child.pid()) + "/maps";
  // Newer kernels let CAP_PERFMON read mappings.
  const bool readable = without_capabilities({CAP_SYS_PTRACE}, [&] {
                          return std::ifstream(maps) ? "readable" : "refused";
                        }) == "readable";
  for (const Begin& begin : {profiler, off_cpu}) {
    const std::string said = without_capabilities({CAP_SYS_PTRACE}, begin);
    if (readable)
      EXPECT_EQ(said, "nothing was thrown");
    else
      EXPECT_THAT(said, AllOf(HasSubstr(maps), HasSubstr("CAP_SYS_PTRACE")));
    EXPECT_EQ(without_capabilities({}, begin), "nothing was thrown");
  }
}

}  // namespace
