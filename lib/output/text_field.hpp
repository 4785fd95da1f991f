#pragma once

#include <fathom/base/time.hpp>
#include <fathom/event/events.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// What the lines of the text writers are made of.
namespace fathom::output {

void append_number(std::string& out, std::uint64_t number);
/// "12.345"
void append_microseconds(std::string& out, Duration duration);

/// Of a column of microseconds.
inline constexpr std::size_t kTimeWidth = 12;

// Columns of a table: right-aligned in their width, with a blank before them also where that is too narrow.
void append_column(std::string& out, std::string_view text, std::size_t width);
void append_number_column(std::string& out, std::uint64_t number, std::size_t width);
void append_microseconds_column(std::string& out, Duration duration, std::size_t width);

/// Left-aligned.
void append_left(std::string& out, std::string_view text, std::size_t width);
/// The text with control characters replaced: a task may call itself anything, also an escape sequence.
void append_printable(std::string& out, std::string_view text);
/// "vfs_read", "ovl_getattr [overlay]", "(unknown)".
void append_function(std::string& out, std::string_view name, std::string_view module);
/// "ls-168", "<idle>-0".
void append_task(std::string& out, const Task& task);
/// "1 call", "2 calls".
void append_count(std::string& out, std::uint64_t count, std::string_view singular, std::string_view plural);

// Terminal colours (ECMA-48, SGR).
inline constexpr std::string_view kBold = "\x1b[1m";
inline constexpr std::string_view kDim = "\x1b[2m";
inline constexpr std::string_view kYellow = "\x1b[33m";
inline constexpr std::string_view kRed = "\x1b[31m";
inline constexpr std::string_view kBoldRed = "\x1b[1;31m";
inline constexpr std::string_view kPlain = "\x1b[0m";

/// Colours what is appended while it lives.
class Colored {
 public:
  Colored(std::string& out, std::string_view color, bool on) : out_(on && !color.empty() ? &out : nullptr) {
    if (out_ != nullptr)
      out_->append(color);
  }
  ~Colored() {
    if (out_ != nullptr)
      out_->append(kPlain);
  }
  Colored(const Colored&) = delete;
  Colored& operator=(const Colored&) = delete;

 private:
  std::string* out_;
};

}  // namespace fathom::output
