#pragma once

#include <cstdint>
#include <string>

namespace fathom::profile {

/// The process that a thread belongs to, by `proc`/TID/status. Throws Error (ESRCH) if there is no such thread.
[[nodiscard]] std::uint32_t process_of(int tid, const std::string& proc);

}  // namespace fathom::profile
