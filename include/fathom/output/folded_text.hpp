#pragma once

#include <cstdint>
#include <iosfwd>
#include <ostream>
#include <ranges>
#include <string>
#include <string_view>

namespace fathom {

/// A stack of names, outermost first, and what it weighs.
template <class Stack>
concept FoldedStack = requires(const Stack& stack) {
  requires std::ranges::input_range<decltype(stack.frames)>;
  requires std::convertible_to<std::ranges::range_reference_t<decltype(stack.frames)>, std::string_view>;
  { stack.weight } -> std::convertible_to<std::uint64_t>;
};

namespace detail {
void append_folded_frame(std::string& out, std::string_view name);
void append_folded_weight(std::string& out, std::uint64_t weight);
}  // namespace detail

/// Appends a stack as one line of folded stacks, which flamegraph.pl, speedscope and inferno read.
///
///     append_folded(text, stack);     // {.frames = {"sh", "main", "vfs_read_[k]"}, .weight = 12}
///
/// What is written, and nothing for a stack that weighs nothing:
///
///     sh;main;vfs_read_[k] 12
///
/// A `;` in a name would begin another frame, and stands as `:`; bytes below 32 and an empty name as `?`. Pure.
template <FoldedStack Stack>
void append_folded(std::string& out, const Stack& stack) {
  if (stack.weight == 0)
    return;
  bool first = true;
  for (const std::string_view name : stack.frames) {
    if (!first)
      out += ';';
    first = false;
    detail::append_folded_frame(out, name);
  }
  if (first)
    detail::append_folded_frame(out, {});
  detail::append_folded_weight(out, static_cast<std::uint64_t>(stack.weight));
}

/// Writes each stack of a range in its order. What the stream throws passes through.
///
///     write_folded(std::cout, named.folded());
template <std::ranges::input_range Stacks>
  requires FoldedStack<std::ranges::range_value_t<Stacks>>
void write_folded(std::ostream& out, Stacks&& stacks) {  // NOLINT(cppcoreguidelines-missing-std-forward): gone through
  std::string line;
  for (const auto& stack : stacks) {
    line.clear();
    append_folded(line, stack);
    out.write(line.data(), static_cast<std::streamsize>(line.size()));
  }
}

}  // namespace fathom
