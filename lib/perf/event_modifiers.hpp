#pragma once

#include <fathom/perf/perf_event.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace fathom::perf {

/// What the letters behind an event's name say; empty if one is none of them. `letters` is "u", "ppk", ...
[[nodiscard]] std::optional<PerfModifiers> parse_modifiers(std::string_view letters);

/// The letters that say this; empty for what is the default.
[[nodiscard]] std::string modifier_letters(const PerfModifiers& modifiers);

}  // namespace fathom::perf
