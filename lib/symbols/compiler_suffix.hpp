#pragma once

#include <string_view>

namespace fathom::symbols {

/// Whether `name` is what a compiler calls a part or a copy of `function`: `foo.isra.0`, `foo.constprop.0.isra.0`,
/// `foo.part.3`, `foo.cold`, `foo.llvm.1234567`.
[[nodiscard]] bool is_part_of(std::string_view name, std::string_view function) noexcept;

}  // namespace fathom::symbols
