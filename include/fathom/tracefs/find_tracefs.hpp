#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fathom {

/// Where tracefs is mounted, from the text of a mountinfo file; pure.
///
///     // 24 1 0:12 / /sys/kernel/tracing rw,nosuid,nodev,noexec,relatime shared:9 - tracefs tracefs rw
///     parse_mountinfo(text);     // "/sys/kernel/tracing"
///
/// A tracefs comes first (the last one mounted wins, as it hides the others); without one, the directory `tracing` of a
/// debugfs, where the kernel mounts tracefs by itself when it is looked at.
[[nodiscard]] std::optional<std::string> parse_mountinfo(std::string_view text);

/// Where tracefs is mounted for this process, or nothing. Reads `mountinfo` (no rights needed); throws Error if it
/// can't be read.
[[nodiscard]] std::optional<std::string> find_tracefs(const std::string& mountinfo = "/proc/self/mountinfo");

/// Mounts tracefs at `path`, which must be a directory; it stays mounted. Needs CAP_SYS_ADMIN. Throws Error.
void mount_tracefs(const std::string& path = "/sys/kernel/tracing");

}  // namespace fathom
