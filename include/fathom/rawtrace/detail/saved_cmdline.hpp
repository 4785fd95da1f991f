#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

namespace fathom::detail {

/// What a line of the kernel's file `saved_cmdlines` says.
struct SavedCmdlineView {
  std::int32_t pid = 0;
  std::string_view comm;
};

/// 1234 kworker/0:1
[[nodiscard]] inline std::optional<SavedCmdlineView> parse_saved_cmdline(std::string_view line) noexcept {
  SavedCmdlineView parsed;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), parsed.pid);
  const auto digits = static_cast<std::size_t>(end - line.data());
  if (error != std::errc{} || digits == line.size() || *end != ' ')
    return std::nullopt;
  parsed.comm = line.substr(digits + 1);
  return parsed;
}

}  // namespace fathom::detail
