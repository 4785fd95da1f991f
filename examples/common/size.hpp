#pragma once

#include <cstdint>
#include <string_view>

namespace examples {

/// "4096", "4096K", "8M", "1G": how many KiB. Throws UsageError, with the option's name.
std::uint64_t parse_kib(std::string_view option, std::string_view text);

}  // namespace examples
