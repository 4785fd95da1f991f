#include "common/seconds.hpp"

#include "common/program.hpp"

#include <charconv>
#include <system_error>

namespace examples {

std::chrono::nanoseconds parse_seconds(const std::string& option, std::string_view text) {
  constexpr double kYear = 366.0 * 24 * 3600;
  double seconds = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const auto time = std::chrono::duration<double>(seconds);
  const bool in_range = seconds > 0 && seconds <= kYear;  // which a NaN is not
  if (ec != std::errc{} || end != text.data() + text.size() || !in_range)
    throw UsageError(option + ": '" + std::string(text) + "' is no number of seconds, above 0 and at most a year");
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time);
}

}  // namespace examples
