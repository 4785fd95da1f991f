#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace examples {

/// A length of time from a number of seconds, such as "0.5". Throws UsageError, which names the option, unless it is
/// above 0 and at most a year.
std::chrono::nanoseconds parse_seconds(const std::string& option, std::string_view text);

}  // namespace examples
