#pragma once

#include "c_lexer.hpp"
#include "print_program.hpp"

#include <fathom/rawtrace/event_format.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace fathom::rawtrace {

/// Reads the arguments of a `print fmt` into nodes of a program.
class PrintExpressions {
 public:
  PrintExpressions(const EventFormat& format, PrintProgram& program, std::string_view source) noexcept
      : format_(&format), program_(&program), lexer_(source) {}

  /// The texts that the source begins with, put together; empty if it does not begin with one.
  [[nodiscard]] std::optional<std::string> take_texts();
  /// The next argument; empty behind the last one. One that is not understood is an unknown node.
  [[nodiscard]] std::optional<std::uint32_t> take_argument();

 private:
  struct Type {
    std::uint8_t size = 0;  // 0: not known
    bool is_signed = false;
    bool pointer = false;
    std::uint8_t target_size = 0;  // of a pointer
    bool target_signed = false;
  };

  std::uint32_t expression() { return conditional(); }
  std::uint32_t conditional();
  std::uint32_t binary(int lowest);
  std::uint32_t unary();
  std::uint32_t postfix();
  std::uint32_t primary();
  std::uint32_t parenthesized();
  std::uint32_t statements();
  std::uint32_t name_or_call();
  std::uint32_t call(std::string_view name);
  std::uint32_t size_of();
  std::uint32_t member(std::uint32_t base);
  std::uint32_t table_call(Op op);
  std::uint32_t dereference(std::uint32_t pointer);

  [[nodiscard]] std::optional<Table> take_table();
  [[nodiscard]] std::uint32_t field_call(std::string_view name);
  [[nodiscard]] bool at_type() const;
  Type take_type();

  std::uint32_t add(Node node);
  std::uint32_t unknown(PrintGap gap);
  std::uint32_t constant(std::uint64_t value, std::uint8_t size, bool is_signed);
  std::uint32_t binary_node(Op op, std::uint32_t left, std::uint32_t right);
  std::uint32_t cast(std::uint32_t operand, const Type& type);
  std::uint32_t field_node(const EventField& field);
  std::uint32_t bytes_of(const EventField& field);
  std::uint32_t text_node(Op op, std::uint32_t a, std::uint32_t b, std::uint32_t c);
  void skip_to(std::string_view end);
  void skip_argument();
  void expect(std::string_view mark);
  [[nodiscard]] const Node& at(std::uint32_t node) const { return program_->nodes[node]; }
  [[nodiscard]] bool is_bytes(std::uint32_t node) const { return at(node).kind == NodeKind::bytes; }

  static constexpr int kMaxNesting = 120;
  static constexpr std::size_t kMaxNodes = 60000;
  static constexpr std::uint32_t kMaxCost = 5000;
  static constexpr std::uint16_t kMaxDepth = 400;

  const EventFormat* format_;
  PrintProgram* program_;
  CLexer lexer_;
  std::map<std::string, std::uint32_t, std::less<>> locals_;
  int nesting_ = 0;
  bool failed_ = false;  // in the argument that is being read
};

}  // namespace fathom::rawtrace
