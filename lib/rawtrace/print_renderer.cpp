#include "print_renderer.hpp"

#include <fathom/rawtrace/detail/raw_bytes.hpp>

#include <algorithm>
#include <array>
#include <cstring>

namespace fathom::rawtrace {

namespace {

constexpr std::string_view kGapText = "<?>";
constexpr std::uint64_t kFirstError = 0xffff'ffff'ffff'f001;  // include/linux/err.h: MAX_ERRNO is 4095

}  // namespace

void PrintRenderer::run() {
  if (!program_->fields.empty() || program_->gaps.has(PrintGap::missing_format))
    return print_fields();
  for (const Piece& piece : program_->pieces) {
    if (piece.kind == Piece::Kind::literal) {
      out_->append(program_->text(piece.text, piece.length));
      continue;
    }
    const std::size_t start = out_->size();
    failed_ = false;
    switch (piece.kind) {
      case Piece::Kind::number:
        number_piece(piece);
        break;
      case Piece::Kind::character: {
        const auto character = static_cast<char>(number(piece.node));
        out_->append(character);
        pad(start, piece);
        break;
      }
      case Piece::Kind::text:
        text_piece(piece);
        break;
      case Piece::Kind::pointer:
        pointer_piece(piece);
        break;
      default:
        miss(piece.gap);
        break;
    }
    if (failed_) [[unlikely]] {
      out_->truncate(start);
      out_->append(kGapText);
    }
  }
}

// So much is padded at most, whatever a record says.
std::int32_t PrintRenderer::size_argument(std::int32_t fixed, std::uint32_t node) {
  constexpr std::int32_t kMost = 4096;
  return std::clamp(count_argument(fixed, node), -kMost, kMost);
}

std::int32_t PrintRenderer::count_argument(std::int32_t fixed, std::uint32_t node) {
  return node == kNoNode ? fixed : static_cast<std::int32_t>(fit(number(node), 4, true));
}

void PrintRenderer::number_piece(const Piece& piece) {
  const Node& node = program_->nodes[piece.node];
  if (node.kind != NodeKind::number && node.kind != NodeKind::unknown)
    return miss(PrintGap::bad_conversion);
  const std::uint64_t value = fit(number(piece.node), piece.size, piece.is_signed);
  const bool plain = piece.width < 0 && piece.precision < 0 && piece.width_node == kNoNode &&
                     piece.precision_node == kNoNode && !piece.special && !piece.plus && !piece.space;
  if (plain && piece.conversion == 'd') {
    if (piece.is_signed)
      out_->signed_decimal(static_cast<std::int64_t>(value));
    else
      out_->decimal(value);
  } else if (plain && piece.conversion == 'x') {
    out_->hex(value);
  } else {
    const std::int32_t width = size_argument(piece.width, piece.width_node);
    format_number(value, piece, width, size_argument(piece.precision, piece.precision_node));
  }
}

// As lib/vsprintf.c, number(): sign, prefix, zeros up to the precision or the width, blanks.
void PrintRenderer::format_number(std::uint64_t value, const Piece& piece, std::int32_t width, std::int32_t precision) {
  std::array<char, 24> digits{};
  std::size_t count = 0;
  const bool negative = piece.is_signed && static_cast<std::int64_t>(value) < 0;
  const std::uint64_t base = piece.conversion == 'd' ? 10 : piece.conversion == 'o' ? 8 : 16;
  const std::string_view letters = piece.conversion == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
  std::uint64_t rest = negative ? 0 - value : value;
  do {
    digits[count++] = letters[rest % base];
    rest /= base;
  } while (rest != 0);
  const char sign = negative ? '-' : piece.is_signed && piece.plus ? '+' : piece.is_signed && piece.space ? ' ' : '\0';
  std::string_view prefix;
  if (piece.special && base == 16)
    prefix = piece.conversion == 'X' ? "0X" : "0x";
  else if (piece.special && base == 8 && value != 0)
    prefix = "0";
  const bool left = piece.left || (width < 0 && piece.width_node != kNoNode);
  const auto column = static_cast<std::size_t>(width < 0 ? (piece.width_node == kNoNode ? 0 : -width) : width);
  std::size_t zeros = precision > static_cast<std::int32_t>(count) ? static_cast<std::size_t>(precision) - count : 0;
  std::size_t length = count + zeros + prefix.size() + (sign != '\0' ? 1U : 0U);
  if (piece.zero && !left && precision < 0 && length < column) {
    zeros += column - length;
    length = column;
  }
  if (!left && length < column)
    out_->append(column - length, ' ');
  if (sign != '\0')
    out_->append(sign);
  out_->append(prefix);
  out_->append(zeros, '0');
  while (count > 0)
    out_->append(digits[--count]);
  if (left && length < column)
    out_->append(column - length, ' ');
}

void PrintRenderer::pad(std::size_t start, const Piece& piece) {
  const std::int32_t width = size_argument(piece.width, piece.width_node);
  const bool left = piece.left || width < -1;
  const auto column = static_cast<std::size_t>(width < 0 ? (width < -1 ? -width : 0) : width);
  const std::size_t length = out_->size() - start;
  if (length >= column)
    return;
  const std::size_t blanks = column - length;
  out_->append(blanks, ' ');
  if (left)
    return;
  char* const text = out_->reserve(0) - column;
  std::memmove(text + blanks, text, length);
  std::memset(text, ' ', blanks);
}

void PrintRenderer::text_piece(const Piece& piece) {
  const std::size_t start = out_->size();
  text(piece.node);
  const std::int32_t precision = size_argument(piece.precision, piece.precision_node);
  if (precision >= 0)
    out_->truncate(start + static_cast<std::size_t>(precision));
  pad(start, piece);
}

void PrintRenderer::plain_pointer(std::uint64_t value, const Piece& piece) {
  const std::size_t digits = std::size_t{program_->long_size} * 2;
  const std::size_t start = out_->size();
  if (piece.width >= 0 && !piece.zero) {
    out_->hex(value);
    pad(start, piece);
  } else {
    out_->hex(value, piece.width >= 0 ? static_cast<std::size_t>(piece.width) : digits);
  }
}

void PrintRenderer::pointer_piece(const Piece& piece) {
  const std::string_view letters = program_->text(piece.text, piece.length);
  const Node& node = program_->nodes[piece.node];
  if (node.kind == NodeKind::bytes || (node.op == Op::conditional && node.kind == NodeKind::text)) {
    if (node.kind != NodeKind::bytes)
      return miss(PrintGap::bad_conversion);
    const auto content = bytes(piece.node);
    const std::int32_t size = count_argument(piece.width, piece.width_node);
    if (failed_)
      return;
    if (letters.starts_with('b'))
      print_bitmask(content, static_cast<std::size_t>(std::max(size, 0)), program_->long_size, program_->swap,
                    letters.starts_with("bl"), *out_);
    else if (!print_bytes_as(letters, content, size, program_->swap, *out_))
      miss(PrintGap::bad_conversion);
    return;
  }
  if (node.kind == NodeKind::text)
    return miss(PrintGap::bad_conversion);
  const std::uint64_t value = number(piece.node);
  if (failed_)
    return;
  if (letters.empty() || letters.front() == 'K' || letters.front() == 'x') {
    // An address that is none was never hashed (Linux 5.2).
    if (letters.empty() && sources_->hash_ptr && value != 0 && value < kFirstError)
      gaps_.add(PrintGap::hashed_pointer);
    return plain_pointer(value, piece);
  }
  const std::size_t start = out_->size();
  switch (letters.front()) {
    case 's':
    case 'f':
      print_symbol(value, false, sources_->symbols, *out_);
      break;
    case 'S':
    case 'F':
    case 'B':
      print_symbol(value, true, sources_->symbols, *out_);
      break;
    default:
      return miss(PrintGap::bad_conversion);
  }
  pad(start, piece);
}

std::uint64_t PrintRenderer::logical(const Node& node) {
  const bool left = number(node.a) != 0;
  if (failed_)
    return 0;
  if (node.op == Op::logical_and)
    return left && number(node.b) != 0 ? 1 : 0;
  return left || number(node.b) != 0 ? 1 : 0;
}

std::uint64_t PrintRenderer::number(std::uint32_t index) {
  if (index == kNoNode) {
    miss(PrintGap::missing_argument);
    return 0;
  }
  const Node& node = program_->nodes[index];
  switch (node.op) {
    case Op::constant:
      return node.value;
    case Op::field:
      if (record_.size() < std::size_t{node.a} + node.size) [[unlikely]] {
        miss(PrintGap::short_record);
        return 0;
      }
      return detail::load_wide(record_.data() + node.a, node.size, node.is_signed, program_->swap);
    case Op::element: {
      const auto content = bytes(node.a);
      const std::uint64_t at = number(node.b);
      if (failed_)
        return 0;
      const std::uint32_t size = node.size;
      if (size == 0 || at >= content.size() / size) {
        miss(size == 0 ? PrintGap::unknown_type : PrintGap::short_record);
        return 0;
      }
      return detail::load_wide(content.data() + at * size, size, node.is_signed, program_->swap);
    }
    case Op::length:
      return bytes(node.a).size();
    case Op::negate:
      return fit(0 - number(node.a), node.size, node.is_signed);
    case Op::complement:
      return fit(~number(node.a), node.size, node.is_signed);
    case Op::logical_not:
      return number(node.a) == 0 ? 1 : 0;
    case Op::cast:
      return fit(number(node.a), node.size, node.is_signed);
    case Op::logical_and:
    case Op::logical_or:
      return logical(node);
    case Op::conditional: {
      const bool yes = number(node.a) != 0;
      if (failed_)
        return 0;
      return fit(number(yes ? node.b : node.c), node.size, node.is_signed);
    }
    case Op::unknown:
    case Op::record:
      miss(static_cast<PrintGap>(node.value));
      return 0;
    default:
      break;
  }
  if (node.kind != NodeKind::number) {
    miss(PrintGap::unknown_type);
    return 0;
  }
  const std::uint64_t left = fit(number(node.a), node.size, node.is_signed);
  if (failed_)
    return 0;
  const bool shift = node.op == Op::shift_left || node.op == Op::shift_right;
  std::uint64_t right = number(node.b);
  if (!shift)
    right = fit(right, node.size, node.is_signed);
  const auto value = failed_ ? std::nullopt : calculate(node.op, left, right, node.size, node.is_signed);
  if (!value && !failed_)
    miss(PrintGap::bad_syntax);  // a division by zero
  return value.value_or(0);
}

// (length << 16 | offset), from the record's start or from behind the locator.
std::span<const std::byte> PrintRenderer::located(std::uint32_t locator_at, bool relative) {
  constexpr std::size_t kLocator = 4;
  if (record_.size() < locator_at + kLocator) {
    miss(PrintGap::short_record);
    return {};
  }
  const auto locator = detail::load<std::uint32_t>(record_.data() + locator_at, program_->swap);
  const std::size_t length = locator >> 16U;
  const std::size_t offset = (locator & 0xffffU) + (relative ? locator_at + kLocator : 0);
  if (offset > record_.size() || length > record_.size() - offset) {
    miss(PrintGap::short_record);
    return {};
  }
  return record_.subspan(offset, length);
}

std::span<const std::byte> PrintRenderer::bytes(std::uint32_t index) {
  const Node& node = program_->nodes[index];
  switch (node.op) {
    case Op::fixed: {
      if (record_.size() < node.a) {
        miss(PrintGap::short_record);
        return {};
      }
      const std::size_t left = record_.size() - node.a;
      return record_.subspan(node.a, node.value == 0 ? left : std::min<std::size_t>(left, node.value));
    }
    case Op::data_loc:
      return located(node.a, false);
    case Op::rel_loc:
      return located(node.a, true);
    case Op::resized:
      return bytes(node.a);
    case Op::conditional: {
      const bool yes = number(node.a) != 0;
      return failed_ ? std::span<const std::byte>{} : bytes(yes ? node.b : node.c);
    }
    case Op::unknown:
    case Op::record:
      miss(static_cast<PrintGap>(node.value));
      return {};
    default:
      miss(PrintGap::bad_conversion);
      return {};
  }
}

void PrintRenderer::text_up_to_nul(std::span<const std::byte> content) {
  const auto* const first = reinterpret_cast<const char*>(content.data());  // NOLINT(*-reinterpret-cast): as text
  const std::string_view all(first, content.size());
  out_->append(all.substr(0, all.find('\0')));
}

void PrintRenderer::text(std::uint32_t index) {
  if (index == kNoNode)
    return miss(PrintGap::missing_argument);
  const Node& node = program_->nodes[index];
  if (node.op == Op::conditional) {
    const bool yes = number(node.a) != 0;
    if (!failed_)
      text(yes ? node.b : node.c);
    return;
  }
  if (node.kind == NodeKind::bytes) {
    const auto content = bytes(index);
    if (!failed_)
      text_up_to_nul(content);
    return;
  }
  if (node.kind == NodeKind::number) {
    const std::uint64_t address = number(index);
    if (failed_)
      return;
    if (address == 0)
      return out_->append("(null)");
    const auto found = sources_->strings == nullptr ? std::nullopt : sources_->strings->find(address);
    return found ? out_->append(*found) : miss(PrintGap::unknown_string);
  }
  switch (node.op) {
    case Op::literal:
      return out_->append(program_->text(node.a, node.b));
    case Op::flags:
      return flags(node);
    case Op::symbolic:
      return symbolic(node);
    case Op::hex:
    case Op::hex_joined: {
      const auto content = bytes(node.a);
      const std::uint64_t length = number(node.b);
      if (failed_)
        return;
      const auto shown = content.first(std::min<std::size_t>(content.size(), length));
      if (shown.size() < length)
        gaps_.add(PrintGap::short_record);
      for (std::size_t i = 0; i < shown.size(); ++i) {
        if (i != 0 && node.op == Op::hex)
          out_->append(' ');
        out_->hex(static_cast<std::uint8_t>(shown[i]), 2);
      }
      return;
    }
    case Op::array: {
      const auto content = bytes(node.a);
      const std::uint64_t count = number(node.b);
      if (!failed_)
        array(content, count, node.c);
      return;
    }
    case Op::dynamic_array: {
      const auto content = bytes(node.a);
      if (!failed_)
        array(content, node.c == 0 ? 0 : content.size() / node.c, node.c);
      return;
    }
    case Op::bitmask: {
      const auto content = bytes(node.a);
      if (!failed_)
        print_bitmask(content, content.size() * 8, program_->long_size, program_->swap, sources_->bitmask_list, *out_);
      return;
    }
    default:
      miss(static_cast<PrintGap>(node.value));
  }
}

// kernel/trace/trace_output.c, trace_print_flags_seq(): what no name covers is left as a number.
void PrintRenderer::flags(const Node& node) {
  std::uint64_t left = number(node.a);
  if (failed_)
    return;
  const Node& between = program_->nodes[node.c];
  bool first = true;
  const auto separate = [&] {
    if (!first)
      out_->append(program_->text(between.a, between.b));
    first = false;
  };
  for (const Table::Entry& entry : program_->tables[node.b].entries) {
    if (left == 0)
      break;
    if ((left & entry.value) != entry.value)
      continue;
    left &= ~entry.value;
    separate();
    out_->append(program_->text(entry.text, entry.length));
  }
  if (left == 0)
    return;
  separate();
  out_->append("0x");
  out_->hex(left);
}

void PrintRenderer::symbolic(const Node& node) {
  const std::uint64_t value = number(node.a);
  if (failed_)
    return;
  for (const Table::Entry& entry : program_->tables[node.b].entries) {
    if (entry.value == value)
      return out_->append(program_->text(entry.text, entry.length));
  }
  out_->append("0x");
  out_->hex(value);
}

void PrintRenderer::array(std::span<const std::byte> content, std::uint64_t count, std::uint32_t size) {
  if (size != 1 && size != 2 && size != 4 && size != 8)
    return miss(PrintGap::unknown_type);
  const auto shown = std::min<std::uint64_t>(count, content.size() / size);
  if (shown < count)
    gaps_.add(PrintGap::short_record);
  out_->append('{');
  for (std::uint64_t i = 0; i < shown; ++i) {
    out_->append(i == 0 ? "0x" : ",0x");
    out_->hex(detail::load_wide(content.data() + i * size, size, false, program_->swap));
  }
  out_->append('}');
}

void PrintRenderer::print_fields() {
  gaps_.add(PrintGap::missing_format);
  bool first = true;
  for (const EventField& field : program_->fields) {
    if (!first)
      out_->append(' ');
    first = false;
    out_->append(field.name);
    out_->append('=');
    print_field(field);
  }
}

void PrintRenderer::print_field(const EventField& field) {
  failed_ = false;
  if (field.kind == FieldKind::value && field.size <= 8 && record_.size() >= std::size_t{field.offset} + field.size &&
      (field.size & (field.size - 1U)) == 0 && field.size != 0) {
    const std::uint64_t value =
        detail::load_wide(record_.data() + field.offset, field.size, field.is_signed, program_->swap);
    return field.is_signed ? out_->signed_decimal(static_cast<std::int64_t>(value)) : out_->decimal(value);
  }
  std::span<const std::byte> content;
  if (field.kind == FieldKind::data_loc || field.kind == FieldKind::rel_loc) {
    content = located(field.offset, field.kind == FieldKind::rel_loc);
  } else if (record_.size() >= field.offset) {
    content = record_.subspan(field.offset);
    if (field.kind != FieldKind::open_array)
      content = content.first(std::min<std::size_t>(content.size(), field.size));
  } else {
    miss(PrintGap::short_record);
  }
  if (failed_)
    return out_->append(kGapText);
  if (field.type == "char" || field.type == "const char")
    return text_up_to_nul(content);
  for (const std::byte byte : content)
    out_->hex(static_cast<std::uint8_t>(byte), 2);
}

}  // namespace fathom::rawtrace
