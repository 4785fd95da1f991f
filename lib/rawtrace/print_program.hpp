#pragma once

#include <fathom/rawtrace/print_format.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What a `print fmt` is made into: pieces of text and conversions, whose arguments are trees of nodes.
namespace fathom::rawtrace {

/// What a node gives.
enum class NodeKind : std::uint8_t { number, bytes, text, unknown };

enum class Op : std::uint8_t {
  // numbers
  constant,  // value
  field,     // a: offset
  element,   // a: bytes, b: index
  length,    // a: bytes; in bytes
  negate,
  complement,
  logical_not,
  cast,
  add,
  subtract,
  multiply,
  divide,
  modulo,
  shift_left,
  shift_right,
  bit_and,
  bit_or,
  bit_xor,
  less,
  greater,
  less_equal,
  greater_equal,
  equal,
  not_equal,
  logical_and,
  logical_or,
  conditional,  // a ? b : c; of any kind
  // bytes, with elements of `size`
  fixed,     // a: offset, value: length; up to the record's end where that is 0
  data_loc,  // a: offset of the locator
  rel_loc,   // the same, counted from behind it
  resized,   // a: bytes, with other elements
  // text
  literal,        // a, b: where it stands among the texts
  flags,          // a: number, b: table, c: literal that stands between
  symbolic,       // a: number, b: table
  hex,            // a: bytes, b: length
  hex_joined,     // the same without blanks
  array,          // a: bytes, b: how many, c: size of one
  dynamic_array,  // a: bytes, c: size of one
  bitmask,        // a: bytes
  // what cannot be known
  unknown,  // value: a PrintGap
  record,   // REC itself
};

struct Node {
  Op op = Op::unknown;
  NodeKind kind = NodeKind::unknown;
  std::uint8_t size = 4;  // of the number or of an element, in bytes
  bool is_signed = true;
  std::uint16_t depth = 1;
  std::uint32_t cost = 1;  // nodes that an evaluation may visit
  std::uint32_t a = 0;
  std::uint32_t b = 0;
  std::uint32_t c = 0;
  std::uint64_t value = 0;
};

struct Table {
  struct Entry {
    std::uint64_t value = 0;
    std::uint32_t text = 0;
    std::uint32_t length = 0;
  };
  std::vector<Entry> entries;
};

inline constexpr std::uint32_t kNoNode = 0xffff'ffff;

struct Piece {
  enum class Kind : std::uint8_t { literal, number, character, text, pointer, gap };
  Kind kind = Kind::literal;
  char conversion = 0;    // `d`, `x`, `o`; `X` for large letters
  std::uint8_t size = 4;  // that the number is cut to
  bool is_signed = false;
  bool left = false;     // flag `-`
  bool zero = false;     // flag `0`
  bool plus = false;     // flag `+`
  bool space = false;    // flag ` `
  bool special = false;  // flag `#`
  std::int32_t width = -1;
  std::int32_t precision = -1;
  std::uint32_t width_node = kNoNode;
  std::uint32_t precision_node = kNoNode;
  std::uint32_t node = kNoNode;
  std::uint32_t text = 0;  // of a literal; of a pointer what follows the `p`
  std::uint32_t length = 0;
  PrintGap gap{};
};

struct PrintProgram {
  std::vector<Piece> pieces;
  std::vector<Node> nodes;
  std::vector<Table> tables;
  std::string texts;
  std::vector<EventField> fields;  // where there is no usable format
  PrintGaps gaps;
  std::uint32_t long_size = 8;
  bool swap = false;

  [[nodiscard]] std::string_view text(std::uint32_t at, std::uint32_t length) const noexcept {
    return std::string_view(texts).substr(at, length);
  }
};

/// A number of this type in 64 bits: cut to its size, widened by its sign.
[[nodiscard]] constexpr std::uint64_t fit(std::uint64_t value, std::uint8_t size, bool is_signed) noexcept {
  switch (size) {
    case 1:
      return is_signed ? static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::int8_t>(value)))
                       : value & 0xffU;
    case 2:
      return is_signed ? static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::int16_t>(value)))
                       : value & 0xffffU;
    case 4:
      return is_signed ? static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::int32_t>(value)))
                       : value & 0xffff'ffffU;
    default:
      return value;
  }
}

/// What an operation of two numbers of one type gives; empty for a division by zero.
[[nodiscard]] std::optional<std::uint64_t> calculate(Op op, std::uint64_t left, std::uint64_t right, std::uint8_t size,
                                                     bool is_signed) noexcept;

}  // namespace fathom::rawtrace
