#include <fathom/perf/perf_count.hpp>

#include <cmath>

namespace fathom {

std::optional<std::uint64_t> PerfCount::scaled() const noexcept {
  if (running.count() <= 0)
    return std::nullopt;
  if (running >= enabled)
    return value;
  // value * all / part, whose product may be larger than 64 bits.
  const auto all = static_cast<std::uint64_t>(enabled.count());
  const auto part = static_cast<std::uint64_t>(running.count());
  const std::uint64_t whole = value / part;
  const std::uint64_t rest = value % part;
  const auto fraction = static_cast<long double>(rest) * static_cast<long double>(all) / static_cast<long double>(part);
  return whole * all + static_cast<std::uint64_t>(std::llround(fraction));
}

PerfCount& PerfCount::operator+=(const PerfCount& other) noexcept {
  value += other.value;
  enabled += other.enabled;
  running += other.running;
  return *this;
}

}  // namespace fathom
