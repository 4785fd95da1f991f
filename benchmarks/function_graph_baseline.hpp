#pragma once

#include <cstdint>
#include <string>

namespace fathom::bench {

/// What a line-by-line parser finds, for comparison with ours.
struct BaselineResult {
  std::uint64_t entries = 0;
  std::uint64_t leaves = 0;
  std::uint64_t exits = 0;
  std::uint64_t nanoseconds = 0;  // sum of all durations
};

/// The parser that one writes in an afternoon: getline and sscanf, default columns only.
[[nodiscard]] BaselineResult parse_with_sscanf(const std::string& text);
/// The same with the columns of full_trace().
[[nodiscard]] BaselineResult parse_full_with_sscanf(const std::string& text);

}  // namespace fathom::bench
