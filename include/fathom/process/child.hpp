#pragma once

#include <fathom/base/unique_fd.hpp>
#include <fathom/process/exit_status.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fathom {

/// What a Child's command gets to see.
struct ChildOptions {
  /// Where it runs; empty for the parent's working directory.
  std::string working_directory{};
  /// Names and values that are added to the parent's environment, or replace what stands there.
  std::vector<std::pair<std::string, std::string>> environment{};
  /// Descriptors that become its standard input, output and error; -1 for the parent's own. They stay the caller's,
  /// who may close them once the Child is made.
  int stdin_fd = -1;
  int stdout_fd = -1;
  int stderr_fd = -1;
  /// In a process group of its own, which `kill` then means as a whole. The terminal's Ctrl-C no longer reaches such a
  /// command, and reading from the terminal stops it.
  bool new_process_group = false;
};

/// A command in a process that exists, with a pid, before the command's first instruction runs.
///
///     Child child{{"ls", "/"}};
///     session.set_pids({child.pid()});  // whatever must be in place before the command starts
///     child.resume();
///     poll(child.pidfd());              // readable when it has ended
///     return child.wait().shell_code();
///
/// The process is forked at once and held, asleep in one system call, until `resume`. What goes wrong in it (no such
/// command, no such directory) is thrown by `resume`. The command is looked for in the PATH that it will see, before
/// it is held, so that a trace begins with its exec and nothing else. It starts with no signal blocked, with SIGPIPE
/// and SIGXFSZ as by default, and with no descriptor of the parent's but the three standard ones; signals that the
/// parent ignores (as under nohup) stay ignored.
///
/// A Child that is destroyed before `resume` never runs its command; neither does one whose parent dies first. One that
/// is destroyed while it runs is killed (SIGKILL) and reaped: to leave it running is not offered. But a parent that is
/// itself killed after `resume` runs no destructor, and the command runs on as an orphan.
///
/// Move-only; a moved-from Child may only be destroyed or assigned to. Not safe to share between threads without a
/// lock. The program must not set SIGCHLD to SIG_IGN, which makes the kernel throw exit statuses away. Needs Linux 5.11
/// (pidfd_open, close_range with CLOSE_RANGE_CLOEXEC) and no rights.
class Child {
 public:
  /// Forks. Throws Error (EAGAIN: too many processes; EMFILE, ENFILE: too many descriptors; ENOMEM: no memory for a
  /// process; EINVAL: `command` is empty, or a NUL byte would cut off what it gets; ENOSYS: a kernel before 5.3).
  explicit Child(const std::vector<std::string>& command, const ChildOptions& options = {});
  ~Child();
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// The process id, which stays this process's own until `wait` or `try_wait` has told of its end.
  [[nodiscard]] int pid() const noexcept { return pid_; }
  /// A pidfd, owned here: poll finds it readable when the process has ended.
  [[nodiscard]] int pidfd() const noexcept { return pidfd_.get(); }

  /// Lets the command start, and returns when its exec has succeeded, or when the process was killed before (`wait`
  /// tells). Does nothing if called again. Throws Error with the path and errno of what failed in the child: the exec,
  /// the change of directory, a redirection; the child has ended then.
  void resume();

  /// Blocks until the process has ended. Throws Error (EDEADLK: it is still held, and nobody would resume it).
  ExitStatus wait();
  /// The status if it has ended; empty while it runs or is held.
  std::optional<ExitStatus> try_wait();

  /// Sends `signal` to the process, and with new_process_group to all of its group. False if it has ended. Throws Error
  /// (EPERM: it has become another user's; EINVAL: no such signal).
  bool kill(int signal);

 private:
  std::optional<ExitStatus> reap(int wait_options);
  void end() noexcept;

  int pid_ = -1;
  bool own_group_ = false;
  UniqueFd pidfd_;
  UniqueFd control_;  // to the held child: a byte lets it go, and it answers with what failed
  std::optional<ExitStatus> status_;
  std::string command_;
  std::string working_directory_;
};

}  // namespace fathom
