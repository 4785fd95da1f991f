#include "common/size.hpp"

#include "common/program.hpp"

#include <fmt/core.h>

#include <charconv>
#include <system_error>

namespace examples {

std::uint64_t parse_kib(std::string_view option, std::string_view text) {
  std::uint64_t size = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), size);
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  std::uint64_t factor = 1;
  if (unit == "M" || unit == "m")
    factor = 1024;
  else if (unit == "G" || unit == "g")
    factor = 1024UL * 1024;
  else if (!unit.empty() && unit != "K" && unit != "k")
    factor = 0;
  constexpr std::uint64_t kMax = 1UL << 40U;
  if (ec != std::errc{} || size == 0 || factor == 0 || size > kMax / factor)
    throw UsageError(fmt::format("{}: '{}' is no size in KiB, nor one with K, M or G", option, text));
  return size * factor;
}

}  // namespace examples
