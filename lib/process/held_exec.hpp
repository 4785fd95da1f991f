#pragma once

#include <array>
#include <string>
#include <vector>

namespace fathom::process {

/// What the child tells its parent instead of running the command.
struct StartFailure {
  enum class Step : int { redirect, close, directory, exec };
  Step step{};
  int errno_value = 0;
};

/// All that the child needs between fork and exec, made before the fork: after it nothing may allocate or lock, since
/// another thread of the parent may have held the allocator's lock at that moment.
struct HeldExec {
  std::vector<std::string> arguments;
  std::vector<std::string> environment;
  std::vector<std::string> candidates;  ///< paths to try for the command, in order
  std::string working_directory;        ///< empty: stay
  std::array<int, 3> standard_fds{-1, -1, -1};
  int control = -1;
  bool new_process_group = false;

  // NULL-terminated, into the strings above.
  std::vector<char*> argv;
  std::vector<char*> envp;

  /// Fills argv and envp. To be called last, on the object that will be used.
  void point();
};

/// The child's half: sets itself up, sleeps until the parent's byte comes through `control`, and executes. Only calls
/// that are async-signal-safe. To be entered with all signals blocked.
[[noreturn]] void run_held(const HeldExec& exec) noexcept;

}  // namespace fathom::process
