#pragma once

#include <fathom/base/unique_fd.hpp>

#include <string>

namespace examples {

/// A file without a name, to be read and written: nothing is left of it, however the program ends. It takes its room
/// where `directory` is.
///
///     const fathom::UniqueFd file = nameless_file("/var/tmp");
///     ...
///     give_name(file.get(), "/var/tmp/kept");      // or let it go
///
/// `mode` is less the umask. Where the file system knows no such files it has a name for a moment, and can get none
/// later. Throws fathom::Error with `directory` and `hint`.
fathom::UniqueFd nameless_file(const std::string& directory, unsigned mode, const std::string& hint);

/// The same, with a name, which `name` is set to, where the file system knows no others; else `name` is empty.
fathom::UniqueFd temporary_file(const std::string& directory, unsigned mode, const std::string& hint,
                                std::string& name);

/// Gives it a name on the same file system. False where there is a file of that name, or anything else. Throws
/// fathom::Error.
bool give_name(int file, const std::string& path);

}  // namespace examples
