#pragma once

#include <cstdint>
#include <string>

namespace fathom::profile {

/// The inode of the PID namespace that this process is in, by `proc`/self/ns/pid; 0 for the initial one, and where that
/// file is not there. For bpf/task_ids.bpf.h.
[[nodiscard]] std::uint32_t own_pid_namespace(const std::string& proc);

}  // namespace fathom::profile
