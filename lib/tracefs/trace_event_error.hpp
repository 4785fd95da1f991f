#pragma once

#include <fathom/tracefs/trace_files.hpp>

#include <string>
#include <string_view>

namespace fathom::tracefs {

/// Writes `text` to `path`. If the kernel rejects it, the Error's hint is what the file `error_log` of the buffer with
/// this prefix says about it.
void write_explained(TraceFiles& files, std::string_view path, WriteMode mode, std::string_view text,
                     std::string_view prefix);

}  // namespace fathom::tracefs
