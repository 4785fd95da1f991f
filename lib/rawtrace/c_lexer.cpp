#include "c_lexer.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace fathom::rawtrace {

namespace {

constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
constexpr bool is_octal(char c) noexcept {
  return c >= '0' && c <= '7';
}
constexpr bool is_name_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c);
}

// Those of two characters first.
constexpr std::array<std::string_view, 10> kLongMarks = {"->", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "::"};
constexpr std::string_view kMarks = "()[]{}<>+-*/%&|^~!?:;,.=";

struct Escape {
  char character;
  std::size_t length;
};

// What follows a backslash.
Escape read_escape(std::string_view text) noexcept {
  switch (text.front()) {
    case 'n':
      return {'\n', 1};
    case 't':
      return {'\t', 1};
    case 'r':
      return {'\r', 1};
    case 'x': {
      unsigned value = 0;
      const auto digits = text.substr(1, 2);
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
      return {static_cast<char>(value), 1 + static_cast<std::size_t>(end - digits.data())};
    }
    default:
      break;
  }
  if (!is_octal(text.front()))
    return {text.front(), 1};
  unsigned value = 0;
  std::size_t length = 0;
  while (length < 3 && length < text.size() && is_octal(text[length]))
    value = value * 8 + static_cast<unsigned>(text[length++] - '0');
  return {static_cast<char>(value & 0xffU), length};
}

}  // namespace

void append_unescaped(std::string& out, std::string_view escaped) {
  while (!escaped.empty()) {
    const std::size_t plain = std::min(escaped.find('\\'), escaped.size());
    out.append(escaped.substr(0, plain));
    escaped.remove_prefix(plain);
    if (escaped.size() < 2)
      return;
    const Escape escape = read_escape(escaped.substr(1));
    out.push_back(escape.character);
    escaped.remove_prefix(1 + escape.length);
  }
}

void CLexer::advance() noexcept {
  rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size()));
  token_ = Token{};
  if (rest_.empty())
    return;
  const char first = rest_.front();
  if (is_digit(first))
    return take_number();
  if (first == '"' || first == '\'')
    return take_quoted(first);
  std::size_t length = 0;
  while (length < rest_.size() && is_name_character(rest_[length]))
    ++length;
  token_.kind = Token::Kind::name;
  if (length == 0) {
    token_.kind = Token::Kind::mark;
    length = std::ranges::find(kLongMarks, rest_.substr(0, 2)) != kLongMarks.end() ? 2 : 1;
    if (length == 1 && kMarks.find(first) == std::string_view::npos)
      token_.kind = Token::Kind::bad;
  }
  token_.text = rest_.substr(0, length);
  rest_.remove_prefix(length);
}

void CLexer::take_number() noexcept {
  std::size_t length = 0;
  while (length < rest_.size() && is_name_character(rest_[length]))
    ++length;
  token_.kind = Token::Kind::number;
  token_.text = rest_.substr(0, length);
  rest_.remove_prefix(length);
  std::string_view digits = token_.text;
  int base = 10;
  if (digits.starts_with("0x") || digits.starts_with("0X")) {
    base = 16;
    digits.remove_prefix(2);
  } else if (digits.size() > 1 && digits.front() == '0') {
    base = 8;
  }
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), token_.value, base);
  bool is_long = false;
  bool is_unsigned = false;
  for (const char c : digits.substr(static_cast<std::size_t>(end - digits.data()))) {
    if (c == 'u' || c == 'U')
      is_unsigned = true;
    else if (c == 'l' || c == 'L')
      is_long = true;
    else
      token_.kind = Token::Kind::bad;
  }
  if (error != std::errc{})
    token_.kind = Token::Kind::bad;
  // The first type that holds it: C's rule, with the unsigned ones for other bases than ten.
  constexpr std::uint64_t kIntMax = 0x7fff'ffff;
  constexpr std::uint64_t kUnsignedMax = 0xffff'ffff;
  constexpr std::uint64_t kLongMax = 0x7fff'ffff'ffff'ffff;
  const bool may_be_unsigned = is_unsigned || base != 10;
  const std::uint64_t limit = may_be_unsigned ? kUnsignedMax : kIntMax;
  token_.size = is_long || token_.value > limit ? 8 : 4;
  token_.is_signed = !is_unsigned && token_.value <= (token_.size == 8 ? kLongMax : kIntMax);
}

void CLexer::take_quoted(char quote) noexcept {
  std::size_t end = 1;
  while (end < rest_.size() && rest_[end] != quote)
    end += rest_[end] == '\\' ? 2U : 1U;
  if (end >= rest_.size()) {
    token_.kind = Token::Kind::bad;
    token_.text = rest_;
    rest_ = {};
    return;
  }
  token_.text = rest_.substr(1, end - 1);
  rest_.remove_prefix(end + 1);
  token_.kind = Token::Kind::string;
  if (quote == '"')
    return;
  token_.kind = Token::Kind::bad;
  if (token_.text.empty())
    return;
  const bool escaped = token_.text.front() == '\\' && token_.text.size() > 1;
  const char character = escaped ? read_escape(token_.text.substr(1)).character : token_.text.front();
  token_.kind = Token::Kind::number;
  token_.value = static_cast<std::uint64_t>(static_cast<std::int64_t>(character));
}

}  // namespace fathom::rawtrace
