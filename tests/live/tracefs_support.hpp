#pragma once

#include "this_process.hpp"

#include <fathom/tracefs/trace_fs.hpp>

#include <map>
#include <string>

namespace fathom::live {

/// Why the function tracers cannot be used here, or empty.
[[nodiscard]] std::string function_tracers_refused(const TraceFs& tracefs);

enum class Walk { all, without_events };

/// Every file of the tree that holds a setting, with what it reads as: the top level, all instances, and unless told
/// otherwise each event's switch, filter and triggers.
[[nodiscard]] std::map<std::string, std::string> read_settings(const TraceFs& tracefs, Walk walk);

/// One line for each setting that differs, empty if none does. A buffer that had its boot-time size (`7 (expanded:
/// 1408)`) may have the expanded one.
[[nodiscard]] std::string difference(const std::map<std::string, std::string>& before,
                                     const std::map<std::string, std::string>& after);

/// Makes the kernel do something: opens, reads and writes files.
void work();

/// A function that this kernel can filter, for patterns that have to match.
inline constexpr const char* kFunction = "vfs_read";

}  // namespace fathom::live
