#include "kprobe_blacklist.hpp"

#include "tracefs/text.hpp"

#include <algorithm>
#include <optional>

namespace fathom::symbols {

namespace {

std::optional<std::uint64_t> hexadecimal(std::string_view text) {
  if (text.starts_with("0x"))
    text.remove_prefix(2);
  return tracefs::parse_number<std::uint64_t>(text, 16);
}

}  // namespace

KprobeBlacklist KprobeBlacklist::parse(std::string_view text) {
  KprobeBlacklist list;
  for (const std::string_view line : tracefs::lines_of(text)) {
    const auto words = tracefs::words_of(line);
    if (words.size() < 2)
      continue;
    list.names_.emplace(words[1]);
    const auto dash = words[0].find('-');
    if (dash == std::string_view::npos)
      continue;
    const auto begin = hexadecimal(words[0].substr(0, dash));
    const auto end = hexadecimal(words[0].substr(dash + 1));
    if (begin && end && *begin < *end)
      list.ranges_.push_back({*begin, *end});
  }
  return list;
}

bool KprobeBlacklist::contains(std::uint64_t address) const noexcept {
  return std::ranges::any_of(ranges_,
                             [&](const Range& range) { return range.begin <= address && address < range.end; });
}

}  // namespace fathom::symbols
