#pragma once

#include <fathom/tracefs/trace_files.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fathom::tracefs {

/// Whether a write to this file (relative to the root) changes a setting of the top level that has to be put back;
/// false for files that take data or orders, and for everything in an instance but the options: those of tracers are
/// shared with the top level up to Linux 6.17.
[[nodiscard]] bool is_top_level_setting(std::string_view path);

/// The files that together hold what a write to `path` changes, in the order in which they are to be saved.
[[nodiscard]] std::vector<std::string> settings_behind(TraceFiles& files, std::string_view path);

/// Makes the file read as `saved` (what was read from it) again; writes only if it does not. What is read is often not
/// what can be written: each kind of file is known here. Throws Error.
void restore_setting(const std::shared_ptr<TraceFiles>& files, const std::string& path, std::string_view saved);

}  // namespace fathom::tracefs
