#pragma once

#include <string>

namespace fathom::detail {

/// A C++ name as people write it; others, forged ones that would unfold to megabytes, and what cannot be read, as they
/// are.
[[nodiscard]] std::string demangled(const std::string& name);

}  // namespace fathom::detail
