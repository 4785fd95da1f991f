#pragma once

#include <string_view>

namespace fathom::detail {

/// Whether an assembler made this name to tell code from data or to mark a place. The kernel does not name addresses by
/// them (include/linux/module_symbol.h, Linux 6.12).
[[nodiscard]] inline bool is_mapping_symbol(std::string_view name) noexcept {
  return name.starts_with('$') || name.starts_with(".L") || name.starts_with("L0");
}

}  // namespace fathom::detail
