#pragma once

#include "perf_event_open.hpp"

#include <linux/perf_event.h>

#include <optional>
#include <string>

namespace fathom::perf {

/// What could not be opened.
struct OpenFailure {
  int errno_value = 0;
  const perf_event_attr& attr;
  Target target{};
  const Purpose& purpose;
};

/// What to do about it, as far as the kernel's answer and /proc and /sys tell. The kernel's reasons:
/// kernel/events/core.c, perf_event_open() and perf_event_alloc().
[[nodiscard]] std::string open_hint(const OpenFailure& failure);

/// The value of sys/kernel/`name` below `proc`; absent if it can't be read.
[[nodiscard]] std::optional<int> read_sysctl(const std::string& proc, const std::string& name);

}  // namespace fathom::perf
