#include "byte_cursor.hpp"

#include <fathom/tracedat/trace_dat_parts.hpp>

namespace fathom {

std::string_view TraceDatOption::text() const noexcept {
  const std::string_view all = tracedat::text_of(data);
  return all.substr(0, all.find('\0'));
}

std::uint64_t TraceDatTime::nanoseconds(std::uint64_t stamp) const noexcept {
  if (multiplier != 0) {
    // The product has up to 96 bits. Its two halves are shifted apart, so that none of them is lost.
    const std::uint64_t low = (stamp & 0xffffffffU) * multiplier;
    const std::uint64_t high = (stamp >> 32U) * multiplier + (low >> 32U);
    const std::uint64_t low_bits = low & 0xffffffffU;
    if (shift >= 96)
      stamp = 0;
    else if (shift >= 32)
      stamp = high >> (shift - 32);
    else
      stamp = (high << (32 - shift)) | (low_bits >> shift);
  }
  return stamp + static_cast<std::uint64_t>(offset);
}

}  // namespace fathom
