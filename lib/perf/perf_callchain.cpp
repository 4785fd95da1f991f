#include <fathom/perf/perf_callchain.hpp>

#include <linux/perf_event.h>

#include <algorithm>

namespace fathom {

namespace {

// The last 4,095 numbers are no addresses but markers.
constexpr auto kFirstMarker = static_cast<std::uint64_t>(PERF_CONTEXT_MAX);

bool is_marker(std::uint64_t word) noexcept {
  return word >= kFirstMarker;
}

PerfContext context_of(std::uint64_t marker) noexcept {
  switch (marker) {
    case static_cast<std::uint64_t>(PERF_CONTEXT_HV):
      return PerfContext::hypervisor;
    case static_cast<std::uint64_t>(PERF_CONTEXT_KERNEL):
      return PerfContext::kernel;
    case static_cast<std::uint64_t>(PERF_CONTEXT_USER):
      return PerfContext::user;
    case static_cast<std::uint64_t>(PERF_CONTEXT_GUEST):
      return PerfContext::guest;
    case static_cast<std::uint64_t>(PERF_CONTEXT_GUEST_KERNEL):
      return PerfContext::guest_kernel;
    case static_cast<std::uint64_t>(PERF_CONTEXT_GUEST_USER):
      return PerfContext::guest_user;
    default:
      return PerfContext::unknown;
  }
}

}  // namespace

void PerfCallchain::Iterator::advance() noexcept {
  if (rest_.empty()) {
    at_end_ = true;
    frames_ = {};
    return;
  }
  frames_.context = PerfContext::unknown;
  if (is_marker(rest_.front())) {
    frames_.context = context_of(rest_.front());
    rest_ = rest_.subspan(1);
  }
  const auto end = std::ranges::find_if(rest_, is_marker);
  const auto size = static_cast<std::size_t>(end - rest_.begin());
  frames_.addresses = rest_.first(size);
  rest_ = rest_.subspan(size);
}

PerfCallchain::Iterator PerfCallchain::end() const noexcept {
  Iterator end;
  end.rest_ = words_.last(0);
  return end;
}

std::span<const std::uint64_t> PerfCallchain::part(PerfContext context) const noexcept {
  for (const PerfFrames& frames : *this) {
    if (frames.context == context)
      return frames.addresses;
  }
  return {};
}

}  // namespace fathom
