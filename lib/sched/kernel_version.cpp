#include "kernel_version.hpp"

#include <charconv>

namespace fathom::sched {

namespace {

// Takes a number below 256 off the front.
std::optional<std::uint32_t> take_number(std::string_view& text) noexcept {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number > 255)
    return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

bool take(std::string_view& text, std::string_view start) noexcept {
  if (!text.starts_with(start))
    return false;
  text.remove_prefix(start.size());
  return true;
}

}  // namespace

std::optional<KernelVersion> parse_version(std::string_view release) noexcept {
  const auto major = take_number(release);
  if (!major || !take(release, "."))
    return std::nullopt;
  const auto minor = take_number(release);
  if (!minor)
    return std::nullopt;
  KernelVersion found{version(*major, *minor), false};
  if (take(release, ".") && !take_number(release))
    return found;
  if (take(release, "-rc") && !take_number(release))
    return found;
  found.vanilla = release.empty();
  return found;
}

}  // namespace fathom::sched
