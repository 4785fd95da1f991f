#pragma once

#include <fathom/base/parse_stats.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace fathom::detail {

/// A line of /proc/kallsyms, taken apart. The texts lie in the line.
struct KallsymsLine {
  std::uint64_t address = 0;
  unsigned digits = 0;  // of the address, as printed: 8 or 16
  char letter = '?';
  std::string_view name;
  std::string_view module;  // without its brackets; empty for the kernel
};

/// The line, which comes without its newline; or why it is none. Then its address and digits are good if there are
/// digits.
[[nodiscard]] std::optional<SkipReason> parse_kallsyms_line(std::string_view line, KallsymsLine& parsed) noexcept;

}  // namespace fathom::detail
