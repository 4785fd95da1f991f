#pragma once

#include "print_program.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace fathom::rawtrace {

/// Where the conversions of a format take their arguments from, one after the other.
class PrintArguments {
 public:
  PrintArguments() = default;
  virtual ~PrintArguments() = default;
  PrintArguments(const PrintArguments&) = delete;
  PrintArguments& operator=(const PrintArguments&) = delete;

  /// The node of the next one, for a width or a precision; kNoNode where there is none.
  virtual std::uint32_t take_size() = 0;
  /// The node of the next one, for this conversion, which it may change.
  virtual std::uint32_t take_value(Piece& piece) = 0;
};

/// Adds the pieces of a printf format to a program.
void read_pieces(std::string_view format, PrintArguments& arguments, PrintProgram& program);

/// The arguments that trace_printk() packs behind its format (lib/vsprintf.c, vbin_printf()).
class BinaryArguments final : public PrintArguments {
 public:
  BinaryArguments(std::span<const std::byte> bytes, PrintProgram& program) noexcept
      : bytes_(bytes), program_(&program) {}

  std::uint32_t take_size() override { return number(4, true); }
  std::uint32_t take_value(Piece& piece) override;

 private:
  std::uint32_t number(std::uint8_t size, bool is_signed);
  std::uint32_t text();
  std::uint32_t add(const Node& node);

  std::span<const std::byte> bytes_;
  PrintProgram* program_;
  std::size_t at_ = 0;
};

}  // namespace fathom::rawtrace
