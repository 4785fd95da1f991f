#include "timer_event.hpp"

#include "perf_event_open.hpp"

#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <span>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>

namespace fathom::perf {

namespace {

constexpr std::string_view kWhat = "the event of a timer";
// A start that is known so well needs no second look.
constexpr Duration kWellKnown = std::chrono::microseconds(20);
// More than any record of ours takes.
constexpr std::size_t kLargestRecord = 64;

perf_event_attr attributes(const TimerEvent::Place& place, Duration period, const PerfTimerOptions& options) {
  perf_event_attr attr{};
  attr.size = sizeof attr;
  attr.type = PERF_TYPE_SOFTWARE;
  attr.config = PERF_COUNT_SW_CPU_CLOCK;
  attr.disabled = 1;
  // Not as a frequency: the kernel would only turn that into this (perf_swevent_init_hrtimer).
  attr.sample_period = static_cast<std::uint64_t>(period.count());
  attr.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU;
  attr.wakeup_events = 1;
  attr.use_clockid = 1;
  attr.clockid = CLOCK_MONOTONIC;
  attr.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
  attr.exclude_idle = options.exclude_idle ? 1 : 0;
  attr.exclude_kernel = options.exclude_kernel ? 1 : 0;
  attr.exclude_user = options.exclude_user ? 1 : 0;
  attr.inherit = place.follow == PerfFollow::nobody ? 0 : 1;
  attr.inherit_thread = place.follow == PerfFollow::threads ? 1 : 0;
  return attr;
}

// The highest perf_event_paranoid that lets somebody without capabilities do it.
int allowed_paranoid(const TimerEvent::Place& place, const PerfTimerOptions& options) {
  if (!place.tid)
    return 0;
  return options.exclude_kernel ? 2 : 1;
}

}  // namespace

Timestamp monotonic_now() {
  return {static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count())};
}

Slots slots_in(Duration age, Duration period) noexcept {
  const auto begun = age.count() > 0 ? static_cast<std::uint64_t>(age / period) : 0;
  return {.begun = begun, .over = begun == 0 ? 0 : begun - 1};
}

TimerEvent::TimerEvent(const Place& place, Duration period, const PerfTimerOptions& options) : place_(place) {
  const Target target{.pid = place.tid.value_or(-1), .cpu = place.cpu ? static_cast<int>(*place.cpu) : -1};
  std::tie(fd_, counts_losses_) =
      open_counting_losses(attributes(place, period, options), target,
                           {.what = kWhat, .paranoid = allowed_paranoid(place, options), .proc = options.proc});
}

void TimerEvent::run(const EventProgram& program) {
  link_ = program.attach(fd_.get());
}

void TimerEvent::map(std::size_t pages) {
  mapping_ = PerfMapping(fd_.get(), pages, kWhat);
  ring_ = mapping_.ring();
  ring_bytes_ = pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

std::optional<std::uint32_t> TimerEvent::link_id() const {
  return link_.link ? std::optional(link_.id) : std::nullopt;
}

std::optional<TimerEvent::Counts> TimerEvent::read_counts() const {
  Counts counts{};
  const std::size_t size = counts_losses_ ? sizeof counts : offsetof(Counts, lost);
  // Short where the CPU took the event with it.
  if (::read(fd_.get(), &counts, size) != static_cast<ssize_t>(size))
    return std::nullopt;
  return counts;
}

void TimerEvent::enable() {
  const Timestamp before = monotonic_now();
  ::ioctl(fd_.get(), PERF_EVENT_IOC_ENABLE, 0);
  const Timestamp after = monotonic_now();
  start_ = before;
  if (!place_.cpu || place_.tid || after - before <= kWellKnown)
    return;
  // The kernel knows how long it has been enabled: by a clock of its own, which may stand still between two ticks of
  // it, so it is believed within these bounds only.
  const Timestamp asked = monotonic_now();
  const auto counts = read_counts();
  if (!counts)
    return;
  const Timestamp begun = asked + -Duration(static_cast<std::int64_t>(counts->time_enabled));
  if (begun > before && begun <= after)
    start_ = begun;
}

void TimerEvent::disable() noexcept {
  end_ = monotonic_now();
  ::ioctl(fd_.get(), PERF_EVENT_IOC_DISABLE, 0);
}

Duration TimerEvent::age() const {
  if (!place_.tid)
    return end_.value_or(monotonic_now()) - start_;
  const auto counts = read_counts();
  return Duration(counts ? static_cast<std::int64_t>(counts->time_running) : 0);
}

Duration TimerEvent::last_age() const {
  const auto counts = read_counts();
  if (!counts)
    return age();
  return Duration(static_cast<std::int64_t>(place_.tid ? counts->time_running : counts->time_enabled));
}

bool TimerEvent::still_ticks() {
  const auto counts = read_counts();
  return counts && std::exchange(last_enabled_, counts->time_enabled) != counts->time_enabled;
}

TimerEvent::Drained TimerEvent::drain(std::vector<PerfTick>& ticks, ParseStats& stats) {
  Drained drained;
  const std::uint64_t bytes_before = stats.bytes;
  if (!has_ring())
    return drained;
  ring_.drain(stats, [&](std::span<const std::byte> bytes) {
    const TickRecord record = parse_tick_record(bytes);
    if (const auto* tick = std::get_if<PerfTick>(&record))
      ticks.push_back(*tick);
    else if (const auto* lost = std::get_if<TicksLost>(&record))
      lost_told_ += lost->lost;
    else if (std::holds_alternative<TicksThrottled>(record))
      drained.throttled = true;
    return record.index() != 0;
  });
  std::uint64_t lost = lost_told_;
  // A ring that had room has lost nothing since; of one that had none the event has the number, the ring maybe later.
  if (counts_losses_ && stats.bytes - bytes_before + kLargestRecord > ring_bytes_) {
    if (const auto counts = read_counts())
      lost = std::max(lost, counts->lost);
  }
  if (lost > lost_given_) {
    drained.lost = lost - lost_given_;
    stats.losses += 1;
    stats.lost_events += drained.lost;
    lost_given_ = lost;
  }
  return drained;
}

}  // namespace fathom::perf
