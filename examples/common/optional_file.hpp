#pragma once

#include <fathom/tracefs/trace_files.hpp>

#include <string>

namespace examples {

/// The text of a file of tracefs that an instance, or an old kernel, may lack: empty then. Throws fathom::Error where
/// it is there and cannot be read.
inline std::string read_if_there(fathom::TraceFiles& files, const std::string& path) {
  return files.exists(path) ? files.read(path) : std::string{};
}

}  // namespace examples
