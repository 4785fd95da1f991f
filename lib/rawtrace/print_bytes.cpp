#include "print_renderer.hpp"

#include <fathom/rawtrace/detail/raw_bytes.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

// The conversions of the kernel's printf that take the address of bytes (lib/vsprintf.c, pointer()).
namespace fathom::rawtrace {

namespace {

using Bytes = std::span<const std::byte>;

std::uint8_t byte_at(Bytes bytes, std::size_t at) noexcept {
  return static_cast<std::uint8_t>(bytes[at]);
}

// What stands at this place behind the `p`; 0 behind the end.
char letter_at(std::string_view letters, std::size_t at) noexcept {
  return at < letters.size() ? letters[at] : '\0';
}

// In network order, or the other way round.
void ipv4(Bytes bytes, bool zeros, bool reversed, TextBuffer& out) {
  for (std::size_t i = 0; i < 4; ++i) {
    if (i != 0)
      out.append('.');
    out.decimal(byte_at(bytes, reversed ? 3 - i : i), zeros ? 3 : 1, '0');
  }
}

// `h` is the order of the traced machine, `l` low byte first, `b` and `n` as the network has it.
bool is_reversed(char order, bool swap) noexcept {
  const bool little = (std::endian::native == std::endian::little) != swap;
  return order == 'l' || (order == 'h' && little);
}

void ipv6(Bytes bytes, bool colons, TextBuffer& out) {
  for (std::size_t i = 0; i < 16; ++i) {
    if (i != 0 && i % 2 == 0 && colons)
      out.append(':');
    out.hex(byte_at(bytes, i), 2);
  }
}

// RFC 5952: the longest run of two or more zero groups is left out, the first one of equals. Addresses that embed an
// IPv4 one end in that.
void ipv6_compressed(Bytes bytes, TextBuffer& out) {
  std::array<std::uint16_t, 8> groups{};
  for (std::size_t i = 0; i < groups.size(); ++i)
    groups[i] = static_cast<std::uint16_t>(byte_at(bytes, 2 * i) << 8U | byte_at(bytes, 2 * i + 1));
  const bool mapped =
      std::all_of(groups.begin(), groups.begin() + 5, [](auto group) { return group == 0; }) && groups[5] == 0xffff;
  const bool isatap = (groups[4] & 0xfdffU) == 0 && groups[5] == 0x5efe;
  const std::size_t count = mapped || isatap ? 6 : 8;
  std::size_t best = 0;
  std::size_t best_length = 1;
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t length = 0;
    while (i + length < count && groups[i + length] == 0)
      ++length;
    if (length > best_length) {
      best = i;
      best_length = length;
    }
  }
  const bool shortened = best_length > 1;
  bool colon = false;
  for (std::size_t i = 0; i < count; ++i) {
    if (shortened && i == best) {
      if (colon || i == 0)
        out.append(':');
      out.append(':');
      colon = false;
      i += best_length - 1;
      continue;
    }
    if (colon)
      out.append(':');
    out.hex(groups[i]);
    colon = true;
  }
  if (count == 8)
    return;
  if (colon)
    out.append(':');
  ipv4(bytes.subspan(12), false, false, out);
}

// `%pISpc`: struct sockaddr, with port and compressed. Not with flow and scope.
bool socket_address(std::string_view letters, Bytes bytes, bool swap, TextBuffer& out) {
  constexpr std::uint16_t kInet = 2;
  constexpr std::uint16_t kInet6 = 10;
  constexpr std::size_t kInet6Address = 8;
  if (bytes.size() < 8)
    return false;
  const auto family = detail::load<std::uint16_t>(bytes.data(), swap);
  const bool port = letters.find('p') != std::string_view::npos;
  const bool compressed = letters.find('c') != std::string_view::npos;
  if (family == kInet) {
    const std::size_t order = letters.find_last_of("hlnb");
    const bool reversed = order != std::string_view::npos && is_reversed(letters[order], swap);
    ipv4(bytes.subspan(4), letters.starts_with('i'), reversed, out);
  } else if (family == kInet6 && letters.find_first_of("fs") != std::string_view::npos) {
    return false;
  } else if (family == kInet6 && bytes.size() >= kInet6Address + 16) {
    if (port)
      out.append('[');
    if (compressed)
      ipv6_compressed(bytes.subspan(kInet6Address), out);
    else
      ipv6(bytes.subspan(kInet6Address), letters.starts_with('I'), out);
    if (port)
      out.append(']');
  } else {
    out.append("(invalid address)");
    return true;
  }
  if (port) {
    out.append(':');
    out.decimal(static_cast<std::uint64_t>(byte_at(bytes, 2)) << 8U | byte_at(bytes, 3));
  }
  return true;
}

bool internet_address(std::string_view letters, Bytes bytes, bool swap, TextBuffer& out) {
  const bool large = letters.starts_with('I');
  const char version = letter_at(letters, 1);
  if (version == '4' && bytes.size() >= 4) {
    ipv4(bytes, !large, is_reversed(letter_at(letters, 2), swap), out);
    return true;
  }
  if (version == '6' && bytes.size() >= 16) {
    if (letter_at(letters, 2) == 'c')
      ipv6_compressed(bytes, out);
    else
      ipv6(bytes, large, out);
    return true;
  }
  return version == 'S' && socket_address(letters, bytes, swap, out);
}

void uuid(std::string_view letters, Bytes bytes, TextBuffer& out) {
  constexpr std::array<std::uint8_t, 16> kInOrder = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  constexpr std::array<std::uint8_t, 16> kLittle = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
  const char order = letter_at(letters, 1);
  const bool little = order == 'l' || order == 'L';
  const bool large = order == 'L' || order == 'B';
  const std::string_view digits = large ? "0123456789ABCDEF" : "0123456789abcdef";
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10)
      out.append('-');
    const std::uint8_t byte = byte_at(bytes, (little ? kLittle : kInOrder)[i]);
    out.append(digits[byte >> 4U]);
    out.append(digits[byte & 0xfU]);
  }
}

void hex_bytes(Bytes bytes, char between, TextBuffer& out) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i != 0 && between != '\0')
      out.append(between);
    out.hex(byte_at(bytes, i), 2);
  }
}

}  // namespace

bool print_bytes_as(std::string_view letters, Bytes bytes, std::int32_t size, bool swap, TextBuffer& out) {
  constexpr std::size_t kMac = 6;
  constexpr std::size_t kUuid = 16;
  constexpr std::size_t kMostHex = 64;  // lib/vsprintf.c, hex_string()
  if (letters.empty())
    return false;
  switch (letters.front()) {
    case 'I':
    case 'i':
      return internet_address(letters, bytes, swap, out);
    case 'U':
    case 'u':
      if (bytes.size() < kUuid)
        return false;
      uuid(letters, bytes, out);
      return true;
    case 'M':
    case 'm': {
      if (bytes.size() < kMac)
        return false;
      std::array<std::byte, kMac> mac{};
      std::ranges::copy(bytes.first(kMac), mac.begin());
      if (letter_at(letters, 1) == 'R')
        std::ranges::reverse(mac);
      hex_bytes(mac, letters.front() == 'm' ? '\0' : letter_at(letters, 1) == 'F' ? '-' : ':', out);
      return true;
    }
    case 'h': {
      const char form = letter_at(letters, 1);
      const char between = form == 'C' ? ':' : form == 'D' ? '-' : form == 'N' ? '\0' : ' ';
      const auto wanted = static_cast<std::size_t>(std::max(size, 1));
      hex_bytes(bytes.first(std::min({wanted, kMostHex, bytes.size()})), between, out);
      return true;
    }
    default:
      return false;
  }
}

void print_bitmask(Bytes longs, std::size_t bits, std::uint32_t long_size, bool swap, bool as_list, TextBuffer& out) {
  constexpr std::size_t kGroup = 32;
  bits = std::min(bits, longs.size() / long_size * long_size * 8);
  const auto test = [&](std::size_t bit) {
    const std::size_t in_long = std::size_t{long_size} * 8;
    const std::uint64_t word = detail::load_wide(longs.data() + bit / in_long * long_size, long_size, false, swap);
    return (word >> (bit % in_long) & 1U) != 0;
  };
  if (as_list) {
    bool first = true;
    for (std::size_t bit = 0; bit < bits; ++bit) {
      if (!test(bit))
        continue;
      const std::size_t from = bit;
      while (bit + 1 < bits && test(bit + 1))
        ++bit;
      if (!std::exchange(first, false))
        out.append(',');
      out.decimal(from);
      if (bit != from) {
        out.append('-');
        out.decimal(bit);
      }
    }
    return;
  }
  // The highest group has what is left over, and as many digits as it needs.
  for (std::size_t groups = (bits + kGroup - 1) / kGroup; groups > 0; --groups) {
    const std::size_t from = (groups - 1) * kGroup;
    const std::size_t count = std::min(kGroup, bits - from);
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i)
      value |= std::uint64_t{test(from + i) ? 1U : 0U} << i;
    out.hex(value, (count + 3) / 4);
    if (groups > 1)
      out.append(',');
  }
}

void print_symbol(std::uint64_t address, bool with_offset, const AddressNames& symbols, TextBuffer& out) {
  const auto found = symbols.find(address);
  if (!found) {
    out.append("0x");
    return out.hex(address);
  }
  out.append(found->name);
  if (with_offset) {
    out.append("+0x");
    out.hex(found->offset);
    out.append("/0x");
    out.hex(found->size.value_or(0));
  }
  if (!found->module.empty()) {
    out.append(" [");
    out.append(found->module);
    out.append(']');
  }
}

}  // namespace fathom::rawtrace
