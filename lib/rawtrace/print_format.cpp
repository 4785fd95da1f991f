#include "print_expression.hpp"
#include "print_pieces.hpp"
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

// The arguments of a `print fmt`: each is an expression, whatever it is for.
class ExpressionArguments final : public rawtrace::PrintArguments {
 public:
  explicit ExpressionArguments(PrintExpressions& expressions) noexcept : expressions_(&expressions) {}

  std::uint32_t take_size() override { return take(); }
  std::uint32_t take_value(Piece&) override { return take(); }

 private:
  std::uint32_t take() {
    const auto node = expressions_->take_argument();
    return node ? *node : kNoNode;
  }

  PrintExpressions* expressions_;
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
    ExpressionArguments arguments(expressions);
    rawtrace::read_pieces(*text, arguments, *program);
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

PrintGaps render_bprint(std::string_view format, std::span<const std::byte> arguments, const PageLayout& layout,
                        const PrintSources& sources, TextBuffer& out) {
  PrintProgram program;
  program.long_size = layout.long_size;
  program.swap = layout.byte_order != std::endian::native;
  rawtrace::BinaryArguments binary(arguments, program);
  rawtrace::read_pieces(format, binary, program);
  rawtrace::PrintRenderer renderer(program, {}, sources, out);
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
