#include "held_exec.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>

namespace fathom::process {

namespace {

// What a shell's `$?` says of a command that could not be started.
constexpr int kNotStarted = 127;
// Where the control socket goes, the first number after the standard ones.
constexpr int kControl = 3;

[[noreturn]] void fail(int control, StartFailure failure) noexcept {
  // Nobody is told if the parent is gone, and then nobody wants to know.
  (void)!::send(control, &failure, sizeof failure, MSG_NOSIGNAL);
  ::_exit(kNotStarted);
}

// Handlers belong to the parent: run in here, they would act on its behalf. Called while every signal is blocked.
void reset_signals() noexcept {
  for (int signal = 1; signal <= SIGRTMAX; ++signal) {
    struct sigaction action{};
    if (::sigaction(signal, nullptr, &action) != 0)
      continue;
    // Programs that ignore these two do so for their own writes; commands expect to be ended by them.
    if (action.sa_handler == SIG_IGN && signal != SIGPIPE && signal != SIGXFSZ)
      continue;
    action = {};
    action.sa_handler = SIG_DFL;
    ::sigaction(signal, &action, nullptr);
  }
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Puts the standard descriptors and the control socket in their places and closes all else: a held child that kept a
// copy of, say, an open trace_pipe would keep the parent from removing its instance.
StartFailure arrange_descriptors(const HeldExec& exec) noexcept {
  // The sources may have the very numbers that others of them must get, so all move out of the way first.
  const int control = ::fcntl(exec.control, F_DUPFD_CLOEXEC, kControl + 1);
  if (control < 0)
    return {StartFailure::Step::redirect, errno};
  std::array<int, 3> sources = exec.standard_fds;
  for (int& fd : sources) {
    if (fd < 0)
      continue;
    fd = ::fcntl(fd, F_DUPFD_CLOEXEC, kControl + 1);
    if (fd < 0)
      return {StartFailure::Step::redirect, errno};
  }
  for (std::size_t target = 0; target < sources.size(); ++target) {
    if (sources[target] >= 0 && ::dup2(sources[target], static_cast<int>(target)) < 0)
      return {StartFailure::Step::redirect, errno};
  }
  if (::dup3(control, kControl, O_CLOEXEC) < 0)
    return {StartFailure::Step::redirect, errno};
  if (::syscall(SYS_close_range, static_cast<unsigned>(kControl + 1), UINT_MAX, 0) != 0)
    return {StartFailure::Step::close, errno};
  return {};
}

struct Found {
  const char* path = nullptr;
  int errno_value = ENOENT;
};

Found find_command(const std::vector<std::string>& candidates) noexcept {
  Found found;
  for (const std::string& candidate : candidates) {
    struct stat status{};
    if (::stat(candidate.c_str(), &status) != 0) {
      if (errno == EACCES)
        found.errno_value = EACCES;
      continue;
    }
    if (!S_ISREG(status.st_mode) || ::access(candidate.c_str(), X_OK) != 0) {
      found.errno_value = EACCES;
      continue;
    }
    return {candidate.c_str(), 0};
  }
  return found;
}

// Sleeps until the parent says go; does not return if the parent gave up or died.
void hold() noexcept {
  char go = 0;
  for (;;) {
    const ssize_t size = ::read(kControl, &go, 1);
    if (size == 1)
      return;
    if (size < 0 && errno == EINTR)
      continue;
    ::_exit(kNotStarted);
  }
}

}  // namespace

void HeldExec::point() {
  argv.clear();
  envp.clear();
  for (std::string& argument : arguments)
    argv.push_back(argument.data());
  argv.push_back(nullptr);
  for (std::string& variable : environment)
    envp.push_back(variable.data());
  envp.push_back(nullptr);
}

void run_held(const HeldExec& exec) noexcept {
  reset_signals();
  if (exec.new_process_group)
    ::setpgid(0, 0);
  const StartFailure failure = arrange_descriptors(exec);
  if (failure.errno_value != 0)
    fail(exec.control, failure);
  if (!exec.working_directory.empty() && ::chdir(exec.working_directory.c_str()) != 0)
    fail(kControl, {StartFailure::Step::directory, errno});
  const Found command = find_command(exec.candidates);
  if (command.path == nullptr)
    fail(kControl, {StartFailure::Step::exec, command.errno_value});
  hold();
  ::execve(command.path, exec.argv.data(), exec.envp.data());
  fail(kControl, {StartFailure::Step::exec, errno});
}

}  // namespace fathom::process
