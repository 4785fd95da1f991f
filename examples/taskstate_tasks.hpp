#pragma once

#include <fathom/process/stop_signals.hpp>
#include <fathom/sched/task_state.hpp>

#include <optional>
#include <string>
#include <vector>

namespace taskstate_example {

/// A task that was seen.
struct Seen {
  int pid = 0;
  std::string what;  ///< how it came there: "waits for its vfork child", or a kernel thread's name
  std::optional<fathom::TaskState> wanted;  ///< of a child, what it was to be in; absent for kernel threads
  std::optional<fathom::TaskState> state;   ///< by the letter of /proc/PID/stat
};

/// Puts children of our own into each state that can be made, and looks at each; waits up to two seconds for a child to
/// get there, and goes on to no other once a signal stopped us. All have ended when it returns. Throws fathom::Error.
std::vector<Seen> look_at_children(fathom::StopSignals& stop);

/// A kernel thread in each of the states that children cannot be in, if there is one: idle and parked.
std::vector<Seen> look_at_kernel_threads();

}  // namespace taskstate_example
