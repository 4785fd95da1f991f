#pragma once

#include <cstddef>

namespace fathom::test {

/// How often operator new was called so far. The program that links this has it replaced.
[[nodiscard]] std::size_t allocations() noexcept;

}  // namespace fathom::test
