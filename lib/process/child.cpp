#include "above_standard.hpp"
#include "held_exec.hpp"

#include <fathom/base/error.hpp>
#include <fathom/process/child.hpp>

#include <pthread.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <string_view>

namespace fathom {

namespace {

using process::above_standard;
using process::HeldExec;
using process::StartFailure;

std::string_view name_of(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

std::vector<std::string> make_environment(const std::vector<std::pair<std::string, std::string>>& additions) {
  std::vector<std::string> environment;
  for (char** variable = ::environ; variable != nullptr && *variable != nullptr; ++variable)
    environment.emplace_back(*variable);
  for (const auto& [name, value] : additions) {
    std::erase_if(environment, [&](const std::string& v) { return name_of(v) == name; });
    environment.push_back(name);
    environment.back() += '=';
    environment.back() += value;
  }
  return environment;
}

// What the system calls take ends at the first NUL byte.
bool would_be_cut(const std::vector<std::string>& command, const ChildOptions& options) {
  const auto has_nul = [](const std::string& text) { return text.find('\0') != std::string::npos; };
  return has_nul(options.working_directory) || std::ranges::any_of(command, has_nul) ||
         std::ranges::any_of(options.environment, [&](const auto& v) { return has_nul(v.first) || has_nul(v.second); });
}

// As execvp does it: a name with a slash is a path, any other stands in a directory of PATH.
std::vector<std::string> make_candidates(const std::string& command, const std::vector<std::string>& environment) {
  if (command.find('/') != std::string::npos)
    return {command};
  std::string_view path = "/bin:/usr/bin";
  for (const std::string_view variable : environment) {
    if (name_of(variable) == "PATH")
      path = variable.substr(std::string_view("PATH=").size());
  }
  std::vector<std::string> candidates;
  for (;;) {
    const std::size_t colon = path.find(':');
    const std::string_view directory = path.substr(0, colon);
    // An empty directory in PATH means the working directory.
    candidates.push_back((directory.empty() ? "." : std::string(directory)) + '/' + command);
    if (colon == std::string_view::npos)
      return candidates;
    path.remove_prefix(colon + 1);
  }
}

// Blocks every signal while it lives, so that the child starts where no handler of the parent's can run.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~AllSignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

// Reads one message or the end of the stream. A child that was killed with our byte unread resets the connection.
std::optional<StartFailure> read_failure(int control) {
  StartFailure failure;
  for (;;) {
    const ssize_t size = ::recv(control, &failure, sizeof failure, 0);
    if (size == static_cast<ssize_t>(sizeof failure))
      return failure;
    if (size < 0 && errno == EINTR)
      continue;
    return std::nullopt;
  }
}

[[noreturn]] void throw_failure(StartFailure failure, const std::string& command, const std::string& directory) {
  switch (failure.step) {
    case StartFailure::Step::redirect:
      throw Error(failure.errno_value, "redirect the standard files of", command);
    case StartFailure::Step::close:
      throw Error(failure.errno_value, "close the inherited descriptors of", command,
                  failure.errno_value == ENOSYS ? "close_range needs Linux 5.9" : "");
    case StartFailure::Step::directory:
      throw Error(failure.errno_value, "change the working directory to", directory);
    case StartFailure::Step::exec:
      break;
  }
  std::string_view hint;
  if (failure.errno_value == ENOENT)
    hint = command.find('/') == std::string::npos ? "it is in no directory of PATH"
                                                  : "or the interpreter that its first line names does not exist";
  else if (failure.errno_value == EACCES)
    hint = "it must be a regular file that this user may execute";
  else if (failure.errno_value == ENOEXEC)
    hint = "a script needs a first line such as #!/bin/sh";
  throw Error(failure.errno_value, "run", command, hint);
}

}  // namespace

Child::Child(const std::vector<std::string>& command, const ChildOptions& options)
    : own_group_(options.new_process_group), working_directory_(options.working_directory) {
  if (command.empty() || command.front().empty())
    throw Error(std::errc::invalid_argument, "run an empty command");
  command_ = command.front();
  if (would_be_cut(command, options))
    throw Error(std::errc::invalid_argument,
                "run a command with a NUL byte in an argument, the environment or the directory");

  int ends[2] = {-1, -1};
  // A socket and not a pipe: writing to it can be told not to raise SIGPIPE, and one is enough for both directions.
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    throw Error(errno, "make a socket pair to run", command_);
  control_.reset(ends[0]);
  UniqueFd childs_end(ends[1]);
  control_ = above_standard(std::move(control_));
  childs_end = above_standard(std::move(childs_end));
  if (!control_ || !childs_end)
    throw Error(errno, "make a socket pair to run", command_);

  HeldExec exec;
  exec.arguments = command;
  exec.environment = make_environment(options.environment);
  exec.candidates = make_candidates(command_, exec.environment);
  exec.working_directory = options.working_directory;
  exec.standard_fds = {options.stdin_fd, options.stdout_fd, options.stderr_fd};
  exec.control = childs_end.get();
  exec.new_process_group = own_group_;
  exec.point();

  {
    const AllSignalsBlocked blocked;
    pid_ = ::fork();
    if (pid_ == 0)
      process::run_held(exec);
  }
  if (pid_ < 0)
    throw Error(errno, "fork to run", command_);
  // Both sides do it, so that the group exists whoever comes first. It fails only when the child is done with it.
  if (own_group_)
    ::setpgid(pid_, pid_);
  pidfd_ = above_standard(UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0U))));
  if (!pidfd_) {
    const int error = errno;
    end();
    throw Error(error, "open a pidfd of", command_, error == ENOSYS ? "pidfd_open needs Linux 5.3" : "");
  }
}

Child::~Child() {
  end();
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      own_group_(other.own_group_),
      pidfd_(std::move(other.pidfd_)),
      control_(std::move(other.control_)),
      status_(other.status_),
      command_(std::move(other.command_)),
      working_directory_(std::move(other.working_directory_)) {}

Child& Child::operator=(Child&& other) noexcept {
  if (this != &other) {
    end();
    pid_ = std::exchange(other.pid_, -1);
    own_group_ = other.own_group_;
    pidfd_ = std::move(other.pidfd_);
    control_ = std::move(other.control_);
    status_ = other.status_;
    command_ = std::move(other.command_);
    working_directory_ = std::move(other.working_directory_);
  }
  return *this;
}

void Child::resume() {
  if (!control_)
    return;
  const UniqueFd control = std::move(control_);
  const char go = 1;
  // If it fails the child has ended: its last words, if it had any, are still to be read.
  (void)!::send(control.get(), &go, 1, MSG_NOSIGNAL);
  if (const std::optional<StartFailure> failure = read_failure(control.get())) {
    wait();
    throw_failure(*failure, command_, working_directory_);
  }
}

ExitStatus Child::wait() {
  if (control_ && !try_wait())
    throw Error(std::errc::resource_deadlock_would_occur, "wait for", command_, "it is held: call resume() first");
  if (!status_)
    reap(0);
  return *status_;
}

std::optional<ExitStatus> Child::try_wait() {
  if (!status_)
    reap(WNOHANG);
  return status_;
}

bool Child::kill(int signal) {
  if (try_wait())
    return false;
  // Nobody else can get the number of a process that we have not reaped, nor that of its group.
  if (::kill(own_group_ ? -pid_ : pid_, signal) == 0)
    return true;
  throw Error(errno, "send a signal to", command_);
}

std::optional<ExitStatus> Child::reap(int wait_options) {
  siginfo_t info{};
  int result = 0;
  do {
    result = ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | wait_options);
  } while (result != 0 && errno == EINTR);
  if (result != 0)
    throw Error(errno, "wait for", command_, errno == ECHILD ? "SIGCHLD must not be ignored" : "");
  if (info.si_pid == 0)
    return std::nullopt;
  if (info.si_code == CLD_EXITED)
    status_ = ExitStatus{.code = info.si_status};
  else
    status_ = ExitStatus{.signal = info.si_status, .core_dumped = info.si_code == CLD_DUMPED};
  return status_;
}

void Child::end() noexcept {
  if (pid_ > 0 && !status_) {
    ::kill(own_group_ ? -pid_ : pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR)
      continue;
  }
  pid_ = -1;
  control_.reset();
  pidfd_.reset();
}

}  // namespace fathom
