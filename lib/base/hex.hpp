#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace fathom {

/// Two digits a byte, as build ids are written.
inline std::string hex_digits(std::span<const std::byte> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<unsigned>(byte) >> 4U];
    text += kDigits[std::to_integer<unsigned>(byte) & 15U];
  }
  return text;
}

}  // namespace fathom
