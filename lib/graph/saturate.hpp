#pragma once

#include <fathom/base/time.hpp>

#include <cstdint>

/// Sums that stop at the ends of their type: hostile text holds durations near the largest number.
namespace fathom::detail {

inline Duration add(Duration a, Duration b) noexcept {
  Duration::rep sum = 0;
  if (__builtin_add_overflow(a.count(), b.count(), &sum))
    return a.count() < 0 ? Duration::min() : Duration::max();
  return Duration{sum};
}

inline Duration subtract(Duration a, Duration b) noexcept {
  Duration::rep difference = 0;
  if (__builtin_sub_overflow(a.count(), b.count(), &difference))
    return a.count() < 0 ? Duration::min() : Duration::max();
  return Duration{difference};
}

inline Duration multiply(Duration a, std::uint32_t times) noexcept {
  Duration::rep product = 0;
  if (__builtin_mul_overflow(a.count(), times, &product))
    return a.count() < 0 ? Duration::min() : Duration::max();
  return Duration{product};
}

}  // namespace fathom::detail
