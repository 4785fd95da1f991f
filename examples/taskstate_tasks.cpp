#include "taskstate_tasks.hpp"

#include <fathom/base/error.hpp>

#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>

namespace taskstate_example {

namespace {

using namespace std::chrono_literals;
using fathom::TaskState;

// Has this process killed when its parent ends, however that does.
void die_with(int parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent)
    ::_exit(0);  // it ended before
}

// A child that does one thing. Killed and waited for at the end, with its own child.
class Child {
 public:
  explicit Child(void (*body)()) {
    const int parent = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0)
      throw fathom::Error(errno, "fork");
    if (pid_ != 0)
      return;
    die_with(parent);
    ::setpgid(0, 0);
    body();
    ::_exit(0);
  }
  ~Child() {
    ::kill(-pid_, SIGKILL);
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, __WALL);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  [[nodiscard]] int pid() const { return pid_; }

 private:
  int pid_ = -1;
};

struct Stat {
  std::string comm;
  char state = 0;
};

// "7 (kworker/0:1) I ...": the name may hold anything, also brackets.
std::optional<Stat> stat_of(const std::string& folder) {
  std::ifstream in(folder + "/stat");
  std::string line;
  std::getline(in, line);
  const std::size_t open = line.find('(');
  const std::size_t close = line.rfind(") ");
  if (open == std::string::npos || close == std::string::npos || close + 2 >= line.size())
    return std::nullopt;
  return Stat{line.substr(open + 1, close - open - 1), line[close + 2]};
}

std::optional<TaskState> state_of(int pid) {
  const auto stat = stat_of("/proc/" + std::to_string(pid));
  return stat ? fathom::task_state_of(stat->state) : std::nullopt;
}

// Until it is in that state, for two seconds.
std::optional<TaskState> wait_for(int pid, TaskState wanted, fathom::StopSignals& stop) {
  std::optional<TaskState> state;
  for (const auto end = std::chrono::steady_clock::now() + 2s;
       std::chrono::steady_clock::now() < end && !stop.received(); std::this_thread::sleep_for(2ms)) {
    state = state_of(pid);
    if (state == wanted)
      break;
  }
  return state;
}

void spin() {
  while (true)
    ::getppid();
}
void sleep_forever() {
  while (true)
    ::pause();
}
void stop() {
  ::raise(SIGSTOP);
}
void be_traced() {
  if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0)
    ::raise(SIGSTOP);
}
void end() {}
// The parent of vfork() sleeps uninterruptibly until its child ends.
void wait_for_vfork() {
  const int parent = ::getpid();
  if (::vfork() == 0) {
    die_with(parent);
    sleep_forever();
  }
}

struct Way {
  TaskState state;
  void (*body)();
  const char* what;
};
constexpr std::array kWays = {Way{TaskState::running, spin, "computes"},
                              Way{TaskState::interruptible, sleep_forever, "waits in pause()"},
                              Way{TaskState::uninterruptible, wait_for_vfork, "waits for its vfork() child"},
                              Way{TaskState::stopped, stop, "was sent SIGSTOP"},
                              Way{TaskState::traced, be_traced, "is stopped for its tracer"},
                              Way{TaskState::zombie, end, "has ended, and was not waited for"}};

}  // namespace

std::vector<Seen> look_at_children(fathom::StopSignals& stop) {
  std::vector<Seen> out;
  for (const Way& way : kWays) {
    if (stop.received())
      break;
    const Child child(way.body);
    out.push_back({child.pid(), way.what, way.state, wait_for(child.pid(), way.state, stop)});
  }
  return out;
}

std::vector<Seen> look_at_kernel_threads() {
  std::vector<Seen> out;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    const std::string name = entry.path().filename().string();
    int pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ptr != name.data() + name.size())
      continue;
    const auto stat = stat_of(entry.path().string());
    const auto state = stat ? fathom::task_state_of(stat->state) : std::nullopt;
    if ((state != TaskState::idle && state != TaskState::parked) ||
        std::ranges::find(out, state, &Seen::state) != out.end())
      continue;
    out.push_back({pid, "kernel thread " + stat->comm, std::nullopt, state});
  }
  return out;
}

}  // namespace taskstate_example
