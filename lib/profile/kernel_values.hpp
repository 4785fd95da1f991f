#pragma once

#include "perf/open_hint.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

namespace fathom::profile {

/// How many addresses of a stack the kernel gives: sys/kernel/perf_event_max_stack below `proc`, but 127 at most, for
/// which there is room (bpf/stack_sample.bpf.h).
inline std::uint32_t stack_depth(const std::string& proc) {
  constexpr int kMost = 127;
  return static_cast<std::uint32_t>(
      std::clamp(perf::read_sysctl(proc, "perf_event_max_stack").value_or(kMost), 1, kMost));
}

/// A text in a record of the kernel's side, up to its NUL.
template <class Text>
std::string_view text_of(const Text& text) {
  return {std::begin(text), std::find(std::begin(text), std::end(text), '\0')};
}

}  // namespace fathom::profile
