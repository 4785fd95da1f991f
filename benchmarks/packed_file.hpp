#pragma once

#include <string>

namespace fathom::bench {

/// The whole of a file.
[[nodiscard]] std::string read_file(const std::string& path);

/// A member of a packed archive, by tar, which knows zstd.
[[nodiscard]] std::string read_packed(const std::string& archive, const std::string& member);

}  // namespace fathom::bench
