#pragma once

#include "print_program.hpp"

#include <fathom/base/text_buffer.hpp>
#include <fathom/rawtrace/print_format.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace fathom::rawtrace {

/// Runs a program over one record.
class PrintRenderer {
 public:
  PrintRenderer(const PrintProgram& program, std::span<const std::byte> record, const PrintSources& sources,
                TextBuffer& out) noexcept
      : program_(&program), record_(record), sources_(&sources), out_(&out) {}

  void run();
  [[nodiscard]] PrintGaps gaps() const noexcept { return gaps_; }

 private:
  void number_piece(const Piece& piece);
  void text_piece(const Piece& piece);
  void pointer_piece(const Piece& piece);
  void pad(std::size_t start, const Piece& piece);
  void format_number(std::uint64_t value, const Piece& piece, std::int32_t width, std::int32_t precision);
  void plain_pointer(std::uint64_t value, const Piece& piece);
  void print_fields();
  void print_field(const EventField& field);

  [[nodiscard]] std::uint64_t number(std::uint32_t node);
  [[nodiscard]] std::uint64_t logical(const Node& node);
  [[nodiscard]] std::span<const std::byte> bytes(std::uint32_t node);
  [[nodiscard]] std::span<const std::byte> located(std::uint32_t locator_at, bool relative);
  void text(std::uint32_t node);
  void text_up_to_nul(std::span<const std::byte> bytes);
  void flags(const Node& node);
  void symbolic(const Node& node);
  void array(std::span<const std::byte> bytes, std::uint64_t count, std::uint32_t size);
  /// A width or a precision.
  [[nodiscard]] std::int32_t size_argument(std::int32_t fixed, std::uint32_t node);
  /// A width that says how many bits or bytes an address leads to.
  [[nodiscard]] std::int32_t count_argument(std::int32_t fixed, std::uint32_t node);
  /// Says that a part cannot be rendered.
  void miss(PrintGap gap) noexcept {
    failed_ = true;
    gaps_.add(gap);
  }

  const PrintProgram* program_;
  std::span<const std::byte> record_;
  const PrintSources* sources_;
  TextBuffer* out_;
  PrintGaps gaps_;
  bool failed_ = false;  // in the piece at hand
};

/// What a record's bytes become under `%pI4` and its like; false for letters that none of these has. `size` is the
/// conversion's width, which some take as a length; `swap`: the bytes are of a machine with the other byte order.
bool print_bytes_as(std::string_view letters, std::span<const std::byte> bytes, std::int32_t size, bool swap,
                    TextBuffer& out);
/// A mask's bits, in hexadecimal by groups of 32, or as a list of ranges: `%*pb` and `%*pbl`.
void print_bitmask(std::span<const std::byte> longs, std::size_t bits, std::uint32_t long_size, bool swap, bool as_list,
                   TextBuffer& out);
/// An address as `%ps` does, or with its offset as `%pS`.
void print_symbol(std::uint64_t address, bool with_offset, const AddressNames& symbols, TextBuffer& out);

}  // namespace fathom::rawtrace
