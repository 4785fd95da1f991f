#pragma once

#include <cstddef>

namespace fathom::live {

/// How often this process has allocated memory with operator new.
[[nodiscard]] std::size_t allocations() noexcept;

}  // namespace fathom::live
