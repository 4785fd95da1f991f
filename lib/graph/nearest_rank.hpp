#pragma once

#include <fathom/base/time.hpp>

#include <algorithm>
#include <cstddef>
#include <span>

namespace fathom::detail {

/// The smallest of the values that at least `percent` of a hundred do not exceed. There must be values; it reorders
/// them.
inline Duration nearest_rank(std::span<Duration> values, std::size_t percent) {
  const std::size_t rank = (values.size() * percent + 99) / 100;
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(rank == 0 ? 0 : rank - 1);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

}  // namespace fathom::detail
