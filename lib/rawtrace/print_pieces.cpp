#include "print_pieces.hpp"

#include <fathom/rawtrace/detail/raw_bytes.hpp>

#include <algorithm>

namespace fathom::rawtrace {

namespace {

// Reads the text with its conversions, and takes an argument for each.
class PieceReader {
 public:
  PieceReader(PrintProgram& program, PrintArguments& arguments, std::string_view format) noexcept
      : program_(&program), arguments_(&arguments), rest_(format) {}

  void read() {
    while (!rest_.empty()) {
      const std::size_t plain = std::min(rest_.find('%'), rest_.size());
      add_literal(rest_.substr(0, plain));
      rest_.remove_prefix(plain);
      if (rest_.empty())
        return;
      rest_.remove_prefix(1);
      if (rest_.starts_with('%')) {
        add_literal("%");
        rest_.remove_prefix(1);
      } else {
        conversion();
      }
    }
  }

 private:
  void add_literal(std::string_view text) {
    if (text.empty())
      return;
    Piece piece;
    piece.text = static_cast<std::uint32_t>(program_->texts.size());
    piece.length = static_cast<std::uint32_t>(text.size());
    program_->texts += text;
    program_->pieces.push_back(piece);
  }

  bool accept(char c) {
    if (!rest_.starts_with(c))
      return false;
    rest_.remove_prefix(1);
    return true;
  }

  void flags(Piece& piece) {
    while (true) {
      if (accept('-'))
        piece.left = true;
      else if (accept('+'))
        piece.plus = true;
      else if (accept(' '))
        piece.space = true;
      else if (accept('#'))
        piece.special = true;
      else if (accept('0'))
        piece.zero = true;
      else
        return;
    }
  }

  // A number, or `*`: then it is an argument.
  void size(std::int32_t& number, std::uint32_t& node) {
    constexpr std::int32_t kMost = 4096;
    if (accept('*')) {
      node = arguments_->take_size();
      return;
    }
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
      number = std::min((number < 0 ? 0 : number) * 10 + (rest_.front() - '0'), kMost);
      rest_.remove_prefix(1);
    }
  }

  // `hh`, `h`, nothing, `l`, `ll` and their like; in bytes.
  std::uint8_t length() {
    if (accept('h'))
      return accept('h') ? 1 : 2;
    if (accept('l'))
      return accept('l') ? 8 : static_cast<std::uint8_t>(program_->long_size);
    if (accept('L') || accept('q') || accept('j'))
      return 8;
    if (accept('z') || accept('Z') || accept('t'))
      return static_cast<std::uint8_t>(program_->long_size);
    return 4;
  }

  void conversion() {
    Piece piece;
    flags(piece);
    size(piece.width, piece.width_node);
    if (accept('.')) {
      piece.precision = 0;
      size(piece.precision, piece.precision_node);
    }
    piece.size = length();
    if (rest_.empty())
      return add_gap(piece, PrintGap::bad_conversion);
    piece.conversion = rest_.front();
    rest_.remove_prefix(1);
    switch (piece.conversion) {
      case 'd':
      case 'i':
        piece.is_signed = true;
        piece.conversion = 'd';
        piece.kind = Piece::Kind::number;
        break;
      case 'u':
        piece.conversion = 'd';
        piece.kind = Piece::Kind::number;
        break;
      case 'x':
      case 'X':
      case 'o':
        piece.kind = Piece::Kind::number;
        break;
      case 'c':
        piece.kind = Piece::Kind::character;
        break;
      case 's':
        piece.kind = Piece::Kind::text;
        break;
      case 'p':
        piece.kind = Piece::Kind::pointer;
        pointer_letters(piece);
        break;
      default:
        piece.node = arguments_->take_value(piece);
        return add_gap(piece, PrintGap::bad_conversion);
    }
    piece.node = arguments_->take_value(piece);
    if (piece.node == kNoNode)
      return add_gap(piece, PrintGap::missing_argument);
    program_->pieces.push_back(piece);
  }

  // Letters and digits that follow a `p` belong to it, known or not.
  void pointer_letters(Piece& piece) {
    const auto is_alnum = [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    };
    const auto end = std::ranges::find_if_not(rest_, is_alnum);
    const auto taken = static_cast<std::size_t>(end - rest_.begin());
    piece.text = static_cast<std::uint32_t>(program_->texts.size());
    piece.length = static_cast<std::uint32_t>(taken);
    program_->texts += rest_.substr(0, taken);
    rest_.remove_prefix(taken);
  }

  void add_gap(Piece piece, PrintGap gap) {
    piece.kind = Piece::Kind::gap;
    piece.gap = gap;
    program_->gaps.add(gap);
    program_->pieces.push_back(piece);
  }

  PrintProgram* program_;
  PrintArguments* arguments_;
  std::string_view rest_;
};

}  // namespace

void read_pieces(std::string_view format, PrintArguments& arguments, PrintProgram& program) {
  PieceReader(program, arguments, format).read();
}

std::uint32_t BinaryArguments::take_value(Piece& piece) {
  switch (piece.kind) {
    case Piece::Kind::number:
      return number(piece.size, piece.is_signed);
    case Piece::Kind::character:
      return number(1, true);
    case Piece::Kind::text:
      return text();
    case Piece::Kind::pointer: {
      // Addresses are kept; what stands at one was made into text at once (Linux 4.20), width and all. `f` is a
      // function up to Linux 5.4; `fw` is a node of the firmware (5.5).
      constexpr std::string_view kAddresses = "sSfFxKe";
      const std::string_view letters = program_->text(piece.text, piece.length);
      if (letters.empty() || (kAddresses.find(letters.front()) != std::string_view::npos && !letters.starts_with("fw")))
        return number(static_cast<std::uint8_t>(program_->long_size), false);
      piece.kind = Piece::Kind::text;
      piece.width = piece.precision = -1;
      piece.width_node = piece.precision_node = kNoNode;
      return text();
    }
    default:
      return kNoNode;
  }
}

// Each is aligned by its size, those of 8 bytes by 4.
std::uint32_t BinaryArguments::number(std::uint8_t size, bool is_signed) {
  const std::size_t alignment = std::min<std::size_t>(size, 4);
  const std::size_t from = (at_ + alignment - 1) / alignment * alignment;
  if (from + size > bytes_.size())
    return kNoNode;
  at_ = from + size;
  Node node;
  node.op = Op::constant;
  node.kind = NodeKind::number;
  node.size = size;
  node.is_signed = is_signed;
  node.value = detail::load_wide(bytes_.data() + from, size, is_signed, program_->swap);
  return add(node);
}

std::uint32_t BinaryArguments::text() {
  const auto rest = bytes_.subspan(std::min(at_, bytes_.size()));
  const auto end = std::ranges::find(rest, std::byte{0});
  if (end == rest.end())
    return kNoNode;
  const auto length = static_cast<std::size_t>(end - rest.begin());
  Node node;
  node.op = Op::literal;
  node.kind = NodeKind::text;
  node.a = static_cast<std::uint32_t>(program_->texts.size());
  node.b = static_cast<std::uint32_t>(length);
  for (const std::byte byte : rest.first(length))
    program_->texts.push_back(static_cast<char>(byte));
  at_ += length + 1;
  return add(node);
}

std::uint32_t BinaryArguments::add(const Node& node) {
  program_->nodes.push_back(node);
  return static_cast<std::uint32_t>(program_->nodes.size() - 1);
}

}  // namespace fathom::rawtrace
