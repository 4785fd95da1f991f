#pragma once

#include "text.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace fathom::tracefs {

// 1408
// 7 (expanded: 1408), as long as nothing has been traced: the second is what it will be
// X, where the CPUs differ
[[nodiscard]] inline std::optional<std::uint64_t> parse_buffer_size_kb(std::string_view text) {
  constexpr std::string_view kExpanded = "(expanded: ";
  if (const auto expanded = text.find(kExpanded); expanded != std::string_view::npos) {
    text.remove_prefix(expanded + kExpanded.size());
    text = text.substr(0, text.find(')'));
  }
  return parse_number<std::uint64_t>(trimmed(text));
}

}  // namespace fathom::tracefs
