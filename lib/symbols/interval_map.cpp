#include "interval_map.hpp"

#include <algorithm>
#include <limits>

namespace fathom::detail {

namespace {

constexpr std::uint32_t kNothing = std::numeric_limits<std::uint32_t>::max();

}  // namespace

IntervalMap::IntervalMap(std::vector<Interval> intervals) {
  std::ranges::stable_sort(intervals, [](const Interval& a, const Interval& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
  });
  // Ranges that hold the address at which the sweep is, the innermost last.
  std::vector<Interval> open;
  const auto end_until = [&](std::uint64_t address) {
    while (!open.empty() && open.back().end <= address) {
      const std::uint64_t end = open.back().end;
      while (!open.empty() && open.back().end <= end)
        open.pop_back();
      begin_piece(end, open.empty() ? kNothing : open.back().value);
    }
  };
  for (const Interval& interval : intervals) {
    if (interval.begin >= interval.end)
      continue;
    end_until(interval.begin);
    begin_piece(interval.begin, interval.value);
    open.push_back(interval);
  }
  end_until(std::numeric_limits<std::uint64_t>::max());
  begins_.shrink_to_fit();
  values_.shrink_to_fit();
}

void IntervalMap::begin_piece(std::uint64_t at, std::uint32_t value) {
  if (!begins_.empty() && begins_.back() == at) {
    values_.back() = value;
  } else {
    begins_.push_back(at);
    values_.push_back(value);
  }
}

std::optional<std::uint32_t> IntervalMap::find(std::uint64_t address) const noexcept {
  const auto after = std::ranges::upper_bound(begins_, address);
  if (after == begins_.begin())
    return std::nullopt;
  const std::uint32_t value = values_[static_cast<std::size_t>(after - begins_.begin()) - 1];
  return value == kNothing ? std::nullopt : std::optional(value);
}

}  // namespace fathom::detail
