#pragma once

#include <string>
#include <string_view>

namespace fathom::tracefs {

/// What to do about `errno_value` on the tracefs file `path` (relative to the root); empty where nothing is known.
[[nodiscard]] std::string file_hint(int errno_value, std::string_view path);

/// What brings the file `path` into a kernel: a configuration option, a version; empty for files that are always there.
[[nodiscard]] std::string_view what_brings(std::string_view path) noexcept;

}  // namespace fathom::tracefs
