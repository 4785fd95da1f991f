#include "print_expression.hpp"
#include "print_program.hpp"
#include "print_renderer.hpp"

#include <fathom/rawtrace/print_format.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <string>
#include <utility>

namespace fathom {

namespace {

using rawtrace::kNoNode;
using rawtrace::Node;
using rawtrace::Piece;
using rawtrace::PrintExpressions;
using rawtrace::PrintProgram;

// Reads the text with its conversions, and takes an argument for each.
class PieceReader {
 public:
  PieceReader(PrintProgram& program, PrintExpressions& arguments, std::string_view format) noexcept
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
      node = argument();
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
    if (accept('l')) {
      accept('l');
      return 8;  // a value of a shorter type is cut by that already
    }
    if (accept('L') || accept('q') || accept('j'))
      return 8;
    if (accept('z') || accept('Z') || accept('t'))
      return static_cast<std::uint8_t>(program_->long_size);
    return 4;
  }
  std::uint32_t argument() {
    const auto node = arguments_->take_argument();
    return node ? *node : kNoNode;
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
        piece.node = argument();
        return add_gap(piece, PrintGap::bad_conversion);
    }
    piece.node = argument();
    if (piece.node == kNoNode)
      return add_gap(piece, PrintGap::missing_argument);
    program_->pieces.push_back(piece);
  }

  // What follows a `p` belongs to it as far as the kernel takes letters there.
  void pointer_letters(Piece& piece) {
    std::size_t taken = 0;
    const auto more = [&](std::string_view letters) {
      if (taken < rest_.size() && letters.find(rest_[taken]) != std::string_view::npos) {
        ++taken;
        return true;
      }
      return false;
    };
    if (more("Ii")) {
      if (!more("46") && more("S"))
        more("4");
      while (more("pfschnbl")) {
      }
    } else if (more("Uu")) {
      more("bBlL");
    } else if (more("Mm")) {
      more("FR");
    } else if (more("h")) {
      more("CDN");
    } else if (more("b")) {
      more("l");
    } else if (more("sSBfF")) {
      more("Rb");
    } else {
      more("xKe");
    }
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
  PrintExpressions* arguments_;
  std::string_view rest_;
};

}  // namespace

std::string_view to_string(PrintGap gap) noexcept {
  constexpr std::array<std::string_view, kPrintGaps.size()> kNames = {
      "hashed_pointer",   "unknown_name", "unknown_function", "unknown_type", "unknown_string", "bad_conversion",
      "missing_argument", "bad_syntax",   "missing_format",   "short_record", "unknown_event"};
  const auto at = static_cast<std::size_t>(gap);
  return at < kNames.size() ? kNames[at] : "?";
}

PrintFormat::PrintFormat(const EventFormat& format, const PageLayout& layout) {
  auto program = std::make_unique<PrintProgram>();
  program->long_size = layout.long_size;
  program->swap = format.byte_order() != std::endian::native;
  PrintExpressions expressions(format, *program, format.print_fmt());
  if (const auto text = expressions.take_texts()) {
    PieceReader(*program, expressions, *text).read();
  } else {
    program->gaps.add(PrintGap::missing_format);
    program->fields.assign(format.fields().begin(), format.fields().end());
  }
  for (const Node& node : program->nodes) {
    if (node.op == rawtrace::Op::unknown || node.op == rawtrace::Op::record)
      program->gaps.add(static_cast<PrintGap>(node.value));
  }
  program_ = std::move(program);
}

PrintFormat::~PrintFormat() = default;
PrintFormat::PrintFormat(PrintFormat&&) noexcept = default;
PrintFormat& PrintFormat::operator=(PrintFormat&&) noexcept = default;

PrintGaps PrintFormat::render(std::span<const std::byte> record, const PrintSources& sources, TextBuffer& out) const {
  rawtrace::PrintRenderer renderer(*program_, record, sources, out);
  renderer.run();
  return renderer.gaps();
}

PrintGaps PrintFormat::gaps() const noexcept {
  return program_->gaps;
}

std::size_t PrintFormat::conversions() const noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(program_->pieces, [](const Piece& piece) { return piece.kind != Piece::Kind::literal; }));
}

}  // namespace fathom
