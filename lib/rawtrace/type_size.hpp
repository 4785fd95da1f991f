#pragma once

#include <cstdint>
#include <string_view>

namespace fathom::rawtrace {

/// The size of a C type as a format spells it; 0 for one that we do not know. A `cpumask_t` counts as its longs.
[[nodiscard]] std::uint32_t type_size(std::string_view type, std::uint32_t long_size) noexcept;

}  // namespace fathom::rawtrace
