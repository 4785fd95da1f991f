#pragma once

#include <string_view>

namespace fathom {

/// Whether all of `text` matches a pattern as the kernel's filters understand it (lib/glob.c, since Linux 4.10 for
/// ftrace's filters).
///
///     matches_glob("vfs_*", "vfs_read");           // true
///     matches_glob("*_[rw]*", "vfs_write");        // true
///     matches_glob("vfs_re?d", "vfs_read");        // true
///     matches_glob("[!a-z]*", "_stext");           // true
///
/// `*` is any text, `?` any byte, `[a-z]` one of these, `[!a-z]` one of the others, `\` takes the next byte as it is. A
/// `[` that is never closed stands for itself, and so does a `\` at the end. Bytes are compared as numbers, whatever
/// the locale. Takes time proportional to the product of both lengths at worst, and no memory.
[[nodiscard]] bool matches_glob(std::string_view pattern, std::string_view text) noexcept;

}  // namespace fathom
