#pragma once

#include <fathom/base/time.hpp>
#include <fathom/perf/perf_rate.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace fathom::perf {

/// The shortest that the kernel's clock events tick in: shorter ones are made this (kernel/events/core.c,
/// perf_swevent_start_hrtimer).
inline constexpr Duration kShortestPeriod = std::chrono::microseconds(10);

/// From tick to tick, as the kernel would make it of `rate`. Throws Error (EINVAL) if that is less than 10 us or more
/// than 365 days, or oftener than `proc`/sys/kernel/perf_event_max_sample_rate allows.
[[nodiscard]] Duration timer_period(const TimerRate& rate, const std::string& proc);

/// The value of that file; absent if it can't be read.
[[nodiscard]] std::optional<std::uint64_t> read_max_sample_rate(const std::string& proc);

/// Whether ticks so far from each other come oftener than `limit` times a second.
[[nodiscard]] bool is_above(Duration period, std::uint64_t limit) noexcept;

}  // namespace fathom::perf
