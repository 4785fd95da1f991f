#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace fathom::sched {

/// A version as one number that compares.
[[nodiscard]] constexpr std::uint32_t version(unsigned major, unsigned minor) noexcept {
  return major << 16U | minor << 8U;
}

struct KernelVersion {
  std::uint32_t number = 0;  ///< without the third part, which counts fixes
  bool vanilla = false;      ///< nothing stands behind the numbers but `-rcN`: no distribution's
};

/// Of `uname -r`: "6.1.0-56-amd64", "4.18.20". Empty where it does not begin with two numbers.
[[nodiscard]] std::optional<KernelVersion> parse_version(std::string_view release) noexcept;

}  // namespace fathom::sched
