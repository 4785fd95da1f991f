#include "event_modifiers.hpp"

#include <algorithm>
#include <cstddef>

namespace fathom::perf {

namespace {

constexpr std::string_view kLetters = "ukhGHIpDe";
constexpr std::ptrdiff_t kMostPrecise = 3;

}  // namespace

std::optional<PerfModifiers> parse_modifiers(std::string_view letters) {
  if (letters.empty() || letters.find_first_not_of(kLetters) != std::string_view::npos)
    return std::nullopt;
  const auto has = [&](char letter) { return letters.find(letter) != std::string_view::npos; };
  const auto precise = std::ranges::count(letters, 'p');
  if (precise > kMostPrecise)
    return std::nullopt;
  // u, k and h name where to count: with any of them, the others are excluded. So do G and H.
  const bool levels = has('u') || has('k') || has('h');
  const bool machines = has('G') || has('H');
  return PerfModifiers{.exclude_user = levels && !has('u'),
                       .exclude_kernel = levels && !has('k'),
                       .exclude_hv = levels && !has('h'),
                       .exclude_idle = has('I'),
                       .exclude_host = machines && !has('H'),
                       .exclude_guest = machines && !has('G'),
                       .skid = static_cast<PerfSkid>(precise),
                       .pinned = has('D'),
                       .exclusive = has('e')};
}

std::string modifier_letters(const PerfModifiers& modifiers) {
  std::string letters;
  const auto add = [&](bool wanted, char letter) {
    if (wanted)
      letters += letter;
  };
  const bool levels = modifiers.exclude_user || modifiers.exclude_kernel || modifiers.exclude_hv;
  add(levels && !modifiers.exclude_user, 'u');
  add(levels && !modifiers.exclude_kernel, 'k');
  add(levels && !modifiers.exclude_hv, 'h');
  const bool machines = modifiers.exclude_host || modifiers.exclude_guest;
  add(machines && !modifiers.exclude_host, 'H');
  add(machines && !modifiers.exclude_guest, 'G');
  add(modifiers.exclude_idle, 'I');
  letters.append(static_cast<std::size_t>(modifiers.skid), 'p');
  add(modifiers.pinned, 'D');
  add(modifiers.exclusive, 'e');
  return letters;
}

}  // namespace fathom::perf
