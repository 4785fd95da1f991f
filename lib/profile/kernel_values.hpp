#pragma once

#include <fathom/base/time.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace fathom::profile {

/// CLOCK_MONOTONIC, the clock of bpf_ktime_get_ns().
inline Timestamp now() {
  return {static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch() / Duration(1))};
}

/// A text in a record of the kernel's side, up to its NUL.
template <class Text>
std::string_view text_of(const Text& text) {
  return {std::begin(text), std::find(std::begin(text), std::end(text), '\0')};
}

}  // namespace fathom::profile
