#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace fathom::detail {

[[nodiscard]] constexpr std::uint8_t byte_swapped(std::uint8_t value) noexcept {
  return value;
}
[[nodiscard]] constexpr std::uint16_t byte_swapped(std::uint16_t value) noexcept {
  return __builtin_bswap16(value);
}
[[nodiscard]] constexpr std::uint32_t byte_swapped(std::uint32_t value) noexcept {
  return __builtin_bswap32(value);
}
[[nodiscard]] constexpr std::uint64_t byte_swapped(std::uint64_t value) noexcept {
  return __builtin_bswap64(value);
}

/// The number that stands there, aligned or not; `swap` where its byte order is not this machine's.
template <std::unsigned_integral Number>
[[nodiscard]] inline Number load(const std::byte* from, bool swap) noexcept {
  Number value{};
  std::memcpy(&value, from, sizeof value);
  return swap ? byte_swapped(value) : value;
}

/// A number of 1, 2, 4 or 8 bytes, widened to 64 bits, by its sign if it has one. 0 for any other size.
[[nodiscard]] inline std::uint64_t load_wide(const std::byte* from, std::uint32_t size, bool is_signed,
                                             bool swap) noexcept {
  const auto widened = [is_signed]<class Signed>(auto value, Signed) {
    return is_signed ? static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<Signed>(value)))
                     : std::uint64_t{value};
  };
  switch (size) {
    case 1:
      return widened(load<std::uint8_t>(from, swap), std::int8_t{});
    case 2:
      return widened(load<std::uint16_t>(from, swap), std::int16_t{});
    case 4:
      return widened(load<std::uint32_t>(from, swap), std::int32_t{});
    case 8:
      return load<std::uint64_t>(from, swap);
    default:
      return 0;
  }
}

}  // namespace fathom::detail
