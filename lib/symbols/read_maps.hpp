#pragma once

#include <fathom/symbols/process_map.hpp>

#include <string>

namespace fathom::detail {

/// Reads the maps in the folder of a process, /proc/PID, that is open: no other process's, even if it has the number
/// by now. Throws Error with the folder's path.
[[nodiscard]] ProcessMap read_maps_in(int folder, const std::string& path);

/// What to do about it, where a process's file or folder gave this errno.
[[nodiscard]] const char* process_hint(int error) noexcept;

}  // namespace fathom::detail
