#include "kallsyms_line.hpp"

#include "symbol_entry.hpp"

#include <bit>
#include <cstring>

namespace fathom::detail {

namespace {

constexpr std::uint64_t kEach = 0x0101'0101'0101'0101U;

std::uint64_t load(const char* bytes) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

// The bytes in order, the first one lowest, on machines of either endianness.
std::uint64_t load_in_order(const char* bytes) noexcept {
  std::uint64_t word = load(bytes);
  if constexpr (std::endian::native == std::endian::big) {
    word = (word & 0x00ff'00ff'00ff'00ffU) << 8U | (word >> 8U & 0x00ff'00ff'00ff'00ffU);
    word = (word & 0x0000'ffff'0000'ffffU) << 16U | (word >> 16U & 0x0000'ffff'0000'ffffU);
    word = word << 32U | word >> 32U;
  }
  return word;
}

// Eight lower-case hex digits at once: a byte holds a digit if writing its value as a digit gives the byte again.
bool parse_hex8(const char* digits, std::uint32_t& value) noexcept {
  const std::uint64_t text = load_in_order(digits);
  const std::uint64_t nibbles = (text & 0x0f * kEach) + 9 * (text >> 6U & kEach);
  const std::uint64_t letters = (nibbles + 6 * kEach) >> 4U & kEach;
  const std::uint64_t written = nibbles + 0x30 * kEach + 0x27 * letters;
  if (((nibbles & 0x10 * kEach) | (written ^ text)) != 0)
    return false;
  // The first digit stands lowest and counts most: pairs, then fours, then all.
  std::uint64_t all = (nibbles << 4U | nibbles >> 8U) & 0x00ff'00ff'00ff'00ffU;
  all = (all << 8U | all >> 16U) & 0x0000'ffff'0000'ffffU;
  value = static_cast<std::uint32_t>(all << 16U | all >> 32U);
  return true;
}

// A bit in each byte that is no more than a blank: exact up to the first such byte, and what comes behind it does not
// matter.
std::uint64_t blanks_in(std::uint64_t word) noexcept {
  return (word - 0x21 * kEach) & ~word & 0x80 * kEach;
}

// The first byte that is no more than a blank, or the end. Eight bytes before the end must be there to be read, which
// an address always is.
const char* find_blank(const char* at, const char* end) noexcept {
  for (; end - at >= 8; at += 8) {
    if (const std::uint64_t blanks = blanks_in(load_in_order(at)); blanks != 0)
      return at + std::countr_zero(blanks) / 8;
  }
  if (at == end)
    return end;
  // The rest as the last of eight bytes; behind it come zeros, which are no more than a blank.
  const auto rest = static_cast<unsigned>(end - at);
  return at + std::countr_zero(blanks_in(load_in_order(end - 8) >> 8 * (8 - rest))) / 8;
}

bool is_space(char c) noexcept {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// Where the name ends. Bytes below a blank that are no white space belong to it: assemblers make `L0^A`.
const char* find_name_end(const char* at, const char* end) noexcept {
  for (at = find_blank(at, end); at != end && !is_space(*at) && *at != '\0';)
    at = find_blank(at + 1, end);
  return at;
}

bool is_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '?' || c == '-';
}

unsigned parse_address(std::string_view line, std::uint64_t& address) noexcept {
  constexpr std::size_t kWide = 16;
  constexpr std::size_t kNarrow = 8;
  std::uint32_t high = 0;
  std::uint32_t low = 0;
  if (line.size() > kNarrow && parse_hex8(&line[0], high)) {
    if (line[kNarrow] == ' ') {
      address = high;
      return kNarrow;
    }
    if (line.size() > kWide && line[kWide] == ' ' && parse_hex8(&line[kNarrow], low)) {
      address = std::uint64_t{high} << 32U | low;
      return kWide;
    }
  }
  return 0;
}

// `WORD X NAME` with a word that is no address is still the line of a symbol.
SkipReason why_no_address(std::string_view line) noexcept {
  const std::size_t space = line.find(' ');
  const bool like_a_symbol = space != std::string_view::npos && line.size() > space + 3 && line[space + 2] == ' ';
  return like_a_symbol ? SkipReason::bad_address : SkipReason::unknown_line;
}

}  // namespace

// ffffffffc024c280 T netfs_write_begin\t[netfs]
std::optional<SkipReason> parse_kallsyms_line(std::string_view line, KallsymsLine& parsed) noexcept {
  const auto skip = [line](SkipReason reason) {
    return line.find('\0') == std::string_view::npos ? reason : SkipReason::not_text;
  };
  parsed.digits = parse_address(line, parsed.address);
  if (parsed.digits == 0)
    return skip(why_no_address(line));
  if (line.ends_with('\r'))
    line.remove_suffix(1);
  std::string_view rest = line.substr(parsed.digits + 1);
  if (rest.size() < 3 || rest[1] != ' ')
    return skip(SkipReason::unknown_line);
  parsed.letter = rest[0];
  if (!is_letter(parsed.letter))
    return skip(SkipReason::bad_type);

  rest.remove_prefix(2);
  const char* const end = rest.data() + rest.size();
  const char* const name_end = find_name_end(&rest[0], end);
  parsed.name = rest.substr(0, static_cast<std::size_t>(name_end - rest.data()));
  parsed.module = {};
  if (parsed.name.empty())
    return skip(SkipReason::unknown_line);
  if (name_end != end) {
    rest.remove_prefix(parsed.name.size());
    if (rest.size() < 4 || !rest.starts_with("\t[") || !rest.ends_with(']'))
      return skip(SkipReason::unknown_line);
    parsed.module = rest.substr(2, rest.size() - 3);
    const char* const module_end = parsed.module.data() + parsed.module.size();
    if (find_blank(&parsed.module[0], module_end) != module_end)
      return skip(SkipReason::unknown_line);
  }
  if (parsed.name.size() > SymbolEntry::kMaxName)
    return SkipReason::name_too_long;
  return std::nullopt;
}

}  // namespace fathom::detail
