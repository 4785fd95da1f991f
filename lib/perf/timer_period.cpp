#include "timer_period.hpp"

#include "open_hint.hpp"

#include <fathom/base/error.hpp>

#include <chrono>
#include <string_view>
#include <variant>

namespace fathom::perf {

namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
// The kernel's clock is signed: far beyond this, and a due time would be in the past.
constexpr Duration kLongest = std::chrono::hours(24 * 365);
constexpr const char* kLimit = "perf_event_max_sample_rate";

std::string name_of(const TimerRate& rate) {
  if (const auto* hz = std::get_if<Hz>(&rate))
    return std::to_string(hz->value) + " ticks a second";
  return "a tick each " + std::to_string(std::get<Duration>(rate).count()) + " ns";
}

[[noreturn]] void refuse(const TimerRate& rate, std::string_view path, const std::string& hint) {
  throw Error(std::errc::invalid_argument, "make a timer of " + name_of(rate) + (path.empty() ? "" : " against"), path,
              hint);
}

// The kernel's own arithmetic: kernel/events/core.c, perf_swevent_init_hrtimer.
Duration period_of(const TimerRate& rate) {
  if (const auto* period = std::get_if<Duration>(&rate))
    return *period;
  const std::uint64_t hz = std::get<Hz>(rate).value;
  if (hz == 0)
    refuse(rate, {}, "that is none");
  return Duration(kSecond / hz);
}

}  // namespace

std::optional<std::uint64_t> read_max_sample_rate(const std::string& proc) {
  const auto limit = read_sysctl(proc, kLimit);
  return limit && *limit >= 0 ? std::optional(static_cast<std::uint64_t>(*limit)) : std::nullopt;
}

bool is_above(Duration period, std::uint64_t limit) noexcept {
  return limit == 0 || static_cast<std::uint64_t>(period.count()) < kSecond / limit;
}

Duration timer_period(const TimerRate& rate, const std::string& proc) {
  const Duration period = period_of(rate);
  if (period < kShortestPeriod)
    refuse(rate, {},
           "a period is at least 10 microseconds, which is 100,000 Hz; the kernel would accept a shorter one, and make "
           "it that");
  if (period > kLongest)
    refuse(rate, {}, "a period is at most 365 days");
  const auto limit = read_max_sample_rate(proc);
  if (limit && is_above(period, *limit))
    refuse(rate, proc + "/sys/kernel/" + kLimit,
           "kernel.perf_event_max_sample_rate is " + std::to_string(*limit) +
               ": set that higher, or ask for fewer; the kernel lowers it where samples take more than "
               "kernel.perf_cpu_time_max_percent of its time");
  return period;
}

}  // namespace fathom::perf
