#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fathom::rawtrace {

/// One token of C.
struct Token {
  enum class Kind : std::uint8_t { end, name, number, string, mark, bad };
  Kind kind = Kind::end;
  std::string_view text;    // as it stands; of a string without the quotes, escapes as they are
  std::uint64_t value = 0;  // of a number or of a character
  std::uint8_t size = 4;    // of the number
  bool is_signed = true;

  [[nodiscard]] bool is(std::string_view mark) const noexcept { return kind == Kind::mark && text == mark; }
  [[nodiscard]] bool is_name(std::string_view name) const noexcept { return kind == Kind::name && text == name; }
};

/// Takes C apart as the formats of events have it.
class CLexer {
 public:
  explicit CLexer(std::string_view source) noexcept : rest_(source) { advance(); }

  [[nodiscard]] const Token& peek() const noexcept { return token_; }
  Token take() noexcept {
    const Token token = token_;
    advance();
    return token;
  }
  /// Takes the token if it is this mark.
  bool accept(std::string_view mark) noexcept {
    if (!token_.is(mark))
      return false;
    advance();
    return true;
  }

 private:
  void advance() noexcept;
  void take_number() noexcept;
  void take_quoted(char quote) noexcept;

  std::string_view rest_;
  Token token_;
};

/// Adds a string's characters, escapes resolved.
void append_unescaped(std::string& out, std::string_view escaped);

}  // namespace fathom::rawtrace
