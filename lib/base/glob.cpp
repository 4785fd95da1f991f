#include <fathom/base/glob.hpp>

#include <cstddef>
#include <optional>

namespace fathom {

namespace {

constexpr auto kNone = std::string_view::npos;

unsigned byte(char c) {
  return static_cast<unsigned char>(c);
}

struct Class {
  bool holds;
  std::size_t end;  // behind its ']'
};

// The class whose '[' stands before `at`; nothing if it is not closed. A ']' that comes first is one of its bytes.
std::optional<Class> match_class(std::string_view pattern, std::size_t at, char c) {
  const bool inverted = at < pattern.size() && pattern[at] == '!';
  if (inverted)
    ++at;
  bool found = false;
  for (bool first = true; at < pattern.size(); first = false) {
    const char low = pattern[at++];
    if (low == ']' && !first)
      return Class{found != inverted, at};
    char high = low;
    if (at + 1 < pattern.size() && pattern[at] == '-' && pattern[at + 1] != ']') {
      high = pattern[at + 1];
      at += 2;
    }
    found = found || (byte(low) <= byte(c) && byte(c) <= byte(high));
  }
  return std::nullopt;
}

// Where the pattern goes on if its part at `at`, which is no '*', matches `c`; else nothing.
std::optional<std::size_t> match_one(std::string_view pattern, std::size_t at, char c) {
  char expected = pattern[at++];
  if (expected == '?')
    return at;
  if (expected == '[') {
    if (const auto found = match_class(pattern, at, c))
      return found->holds ? std::optional(found->end) : std::nullopt;
  } else if (expected == '\\' && at < pattern.size()) {
    expected = pattern[at++];
  }
  return expected == c ? std::optional(at) : std::nullopt;
}

}  // namespace

bool matches_glob(std::string_view pattern, std::string_view text) noexcept {
  std::size_t p = 0;
  std::size_t t = 0;
  // Where to go on if what follows the last '*' does not fit: only the last one matters, since an earlier one that took
  // more would leave less to it.
  std::size_t retry_pattern = kNone;
  std::size_t retry_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      retry_pattern = ++p;
      retry_text = t;
      continue;
    }
    const auto next = p < pattern.size() ? match_one(pattern, p, text[t]) : std::nullopt;
    if (next) {
      p = *next;
      ++t;
    } else if (retry_pattern != kNone) {
      p = retry_pattern;
      t = ++retry_text;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == kNone;
}

}  // namespace fathom
