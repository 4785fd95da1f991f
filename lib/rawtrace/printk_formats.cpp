#include "c_lexer.hpp"

#include <fathom/rawtrace/printk_formats.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace fathom {

namespace {

// "0xffffffff82265a4a : \"Start context switch\""
std::optional<std::pair<std::uint64_t, std::string>> parse_line(std::string_view line) {
  constexpr std::string_view kPrefix = "0x";
  constexpr std::string_view kBetween = " : \"";
  if (!line.starts_with(kPrefix) || !line.ends_with('"'))
    return std::nullopt;
  line.remove_prefix(kPrefix.size());
  line.remove_suffix(1);
  std::uint64_t address = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), address, 16);
  line.remove_prefix(static_cast<std::size_t>(end - line.data()));
  if (error != std::errc{} || !line.starts_with(kBetween))
    return std::nullopt;
  std::string text;
  rawtrace::append_unescaped(text, line.substr(kBetween.size()));
  return std::pair(address, std::move(text));
}

}  // namespace

PrintkFormats PrintkFormats::parse(std::string_view text) {
  PrintkFormats formats;
  formats.stats_.bytes = text.size();
  while (!text.empty()) {
    const std::size_t length = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, length);
    const std::size_t taken = std::min(length + 1, text.size());
    text.remove_prefix(taken);
    if (auto parsed = parse_line(line)) {
      formats.texts_.insert_or_assign(parsed->first, std::move(parsed->second));
      formats.stats_.count_parsed(taken);
    } else {
      formats.stats_.count_skipped(SkipReason::unknown_line, line, taken);
    }
  }
  return formats;
}

std::optional<std::string_view> PrintkFormats::find(std::uint64_t address) const& {
  const auto found = texts_.find(address);
  if (found == texts_.end())
    return std::nullopt;
  return found->second;
}

}  // namespace fathom
