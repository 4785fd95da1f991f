#include "compiler_suffix.hpp"

#include <algorithm>
#include <array>

namespace fathom::symbols {

bool is_part_of(std::string_view name, std::string_view function) noexcept {
  static constexpr std::array<std::string_view, 6> kWords = {"isra", "constprop", "part", "cold", "llvm", "lto_priv"};
  if (!name.starts_with(function) || name.size() == function.size())
    return false;
  name.remove_prefix(function.size());
  bool after_word = false;
  while (!name.empty()) {
    if (name.front() != '.')
      return false;
    name.remove_prefix(1);
    const std::string_view piece = name.substr(0, name.find('.'));
    const bool is_word = std::ranges::find(kWords, piece) != kWords.end();
    const bool is_number = !piece.empty() && piece.find_first_not_of("0123456789") == std::string_view::npos;
    if (!is_word && !(is_number && after_word))
      return false;
    after_word = is_word;
    name.remove_prefix(piece.size());
  }
  return true;
}

}  // namespace fathom::symbols
