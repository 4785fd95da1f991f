#pragma once

#include <fathom/base/error.hpp>
#include <fathom/base/unique_fd.hpp>

#include <linux/perf_event.h>

#include <string>
#include <string_view>
#include <utility>

namespace fathom::perf {

/// Whom an event watches, in the words of perf_event_open(2).
struct Target {
  int pid = -1;         ///< a task; 0 is the caller, -1 all
  int cpu = -1;         ///< a CPU; -1 all, for a task
  int group = -1;       ///< the descriptor of its group's leader; -1 for a leader
  bool cgroup = false;  ///< `pid` is the descriptor of a cgroup's folder
};

/// What an event needs to be allowed, and how it is called in an error.
struct Purpose {
  std::string_view what;       ///< "the event of kernel symbols"
  int paranoid = 2;            ///< the highest perf_event_paranoid that allows it to somebody without capabilities
  std::string proc = "/proc";  ///< the limits that an error names are below
  std::string sys = "/sys";    ///< the CPUs that are online are below
};

/// perf_event_open(2), close-on-exec. Throws Error with what to do about it; ENODEV means that the CPU is not online.
[[nodiscard]] UniqueFd open_event(const perf_event_attr& attr, Target target, const Purpose& purpose);

/// The same, with PERF_FORMAT_LOST in the read format where the kernel has it (Linux 6.0); whether it has. The number
/// of lost records is the last that read(2) gives.
[[nodiscard]] std::pair<UniqueFd, bool> open_counting_losses(perf_event_attr attr, Target target,
                                                             const Purpose& purpose);

/// Whether the kernel refused an attribute that it does not know.
[[nodiscard]] bool is_unknown_attribute(const Error& error) noexcept;

}  // namespace fathom::perf
