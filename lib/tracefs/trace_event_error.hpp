#pragma once

#include <fathom/tracefs/trace_files.hpp>

#include <string>
#include <string_view>

namespace fathom::tracefs {

/// What the file `error_log` of the buffer with this prefix says about what was written; empty if nothing.
[[nodiscard]] std::string complaint_about(TraceFiles& files, std::string_view written, std::string_view prefix);

/// Writes `text` to `path`. If the kernel rejects it, the Error's hint is the kernel's complaint, where there is one.
void write_explained(TraceFiles& files, std::string_view path, WriteMode mode, std::string_view text,
                     std::string_view prefix);

}  // namespace fathom::tracefs
