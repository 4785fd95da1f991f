#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fathom::perf {

/// The whole of `text` as a number, without prefix; empty if it is none.
[[nodiscard]] inline std::optional<std::uint64_t> parse_digits(std::string_view text, int base) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

/// The same, hexadecimal behind "0x", else decimal.
[[nodiscard]] inline std::optional<std::uint64_t> parse_number(std::string_view text) {
  if (text.starts_with("0x") || text.starts_with("0X"))
    return parse_digits(text.substr(2), 16);
  return parse_digits(text, 10);
}

}  // namespace fathom::perf
