#include "timer_event.hpp"

#include "base/monotonic_now.hpp"
#include "dummy_event.hpp"
#include "hung_up.hpp"
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
// Each costs a start an interrupt on its CPU; the one that takes the least time tells the most.
constexpr int kLooks = 3;
// More than any record of ours takes.
constexpr std::size_t kLargestRecord = 64;

perf_event_attr attributes(Duration period, const PerfTimerOptions& options, TimerEvent::Ring ring) {
  perf_event_attr attr{};
  attr.size = sizeof attr;
  attr.type = PERF_TYPE_SOFTWARE;
  attr.config = PERF_COUNT_SW_CPU_CLOCK;
  attr.disabled = 1;
  // Not as a frequency: the kernel would only turn that into this (perf_swevent_init_hrtimer).
  attr.sample_period = static_cast<std::uint64_t>(period.count());
  attr.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU;
  if (ring == TimerEvent::Ring::throttles) {
    attr.watermark = 1;
    attr.wakeup_watermark = 1;  // by the first byte: wakeup_events counts samples only
  } else {
    attr.wakeup_events = 1;
  }
  attr.use_clockid = 1;
  attr.clockid = CLOCK_MONOTONIC;
  attr.read_format = kBothTimes;
  attr.exclude_idle = options.exclude_idle ? 1 : 0;
  attr.exclude_kernel = options.exclude_kernel ? 1 : 0;
  attr.exclude_user = options.exclude_user ? 1 : 0;
  set_follow(attr, follow_of(options.on));
  return attr;
}

}  // namespace

Slots slots_in(Duration age, Duration period) noexcept {
  const auto begun = age.count() > 0 ? static_cast<std::uint64_t>(age / period) : 0;
  return {.begun = begun, .over = begun == 0 ? 0 : begun - 1};
}

TimerEvent::TimerEvent(const Place& place, Duration period, const PerfTimerOptions& options, Ring ring,
                       std::size_t pages)
    : place_(place), period_(period) {
  const perf_event_attr attr = attributes(period, options, ring);
  const Purpose purpose{
      .what = kWhat, .paranoid = allowed_paranoid(attr, options.on), .proc = options.proc, .sys = options.sys};
  std::tie(fd_, counts_losses_) = open_counting_losses(attr, place.target, purpose);
  cpu_watch_ = open_cpu_watch(place, purpose);
  if (ring == Ring::none)
    return;
  mapping_ = PerfMapping(fd_.get(), pages, kWhat);
  ring_ = mapping_.ring();
  ring_bytes_ = pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

void TimerEvent::run(const EventProgram& program) {
  link_ = program.attach(fd_.get());
}

std::optional<std::uint32_t> TimerEvent::link_id() const {
  return link_.link ? std::optional(link_.id) : std::nullopt;
}

std::optional<EventCounts> TimerEvent::counts() const {
  // Nothing comes where the CPU took the event with it.
  return read_counts(fd_.get(), kBothTimes | (counts_losses_ ? PERF_FORMAT_LOST : 0));
}

void TimerEvent::begin_grid(Timestamp start) {
  if (start < start_)
    return;
  // What a thread has is counted by the time that it runs, whenever that is.
  if (start_ != Timestamp{} && is_of_cpu()) {
    slots_before_ += slots_in(start - start_, period_).begun;
    time_before_ += static_cast<std::uint64_t>((start - start_).count());
  }
  start_ = start;
}

void TimerEvent::begin_grid(Timestamp before, Timestamp after) {
  begin_grid(before);
  if (!is_of_cpu())
    return;
  // The kernel knows how long it has been enabled: by a clock of its own, which may stand still between two ticks of
  // it, so it is believed within these bounds only.
  for (int look = 0; look < kLooks; ++look) {
    const Timestamp asked = monotonic_now();
    const auto read = counts();
    if (!read)
      return;
    const Timestamp begun = asked + -Duration(static_cast<std::int64_t>(read->time_enabled));
    if (begun > start_ && begun <= after)
      start_ = begun;
  }
}

void TimerEvent::enable() {
  const Timestamp before = monotonic_now();
  ::ioctl(fd_.get(), PERF_EVENT_IOC_ENABLE, 0);
  begin_grid(before, monotonic_now());
}

void TimerEvent::disable() noexcept {
  end_ = monotonic_now();
  ::ioctl(fd_.get(), PERF_EVENT_IOC_DISABLE, 0);
}

void TimerEvent::go_on() {
  auto period = static_cast<std::uint64_t>(period_.count());
  const Timestamp before = monotonic_now();
  // Sets the clock anew, with the period that it has.
  if (::ioctl(fd_.get(), PERF_EVENT_IOC_PERIOD, &period) == 0)
    begin_grid(before);
}

Slots TimerEvent::slots() const {
  Duration age{};
  if (is_of_cpu())
    age = end_.value_or(monotonic_now()) - start_;
  else if (const auto read = counts())
    age = Duration(static_cast<std::int64_t>(read->time_running));
  const Slots slots = slots_in(age, period_);
  return {.begun = slots_before_ + slots.begun, .over = slots_before_ + slots.over};
}

Slots TimerEvent::last_slots() const {
  const auto read = counts();
  if (!read || !is_of_cpu() || read->time_enabled < time_before_)
    return slots();
  const Slots slots = slots_in(Duration(static_cast<std::int64_t>(read->time_enabled - time_before_)), period_);
  return {.begun = slots_before_ + slots.begun, .over = slots_before_ + slots.begun};
}

bool TimerEvent::still_ticks() {
  return pulse_.goes_on([this] {
    const auto read = cpu_watch_ ? read_counts(cpu_watch_.get(), kBothTimes) : counts();
    return read ? std::optional(read->time_enabled) : std::nullopt;
  });
}

bool TimerEvent::hung_up() const {
  return has_ring() && perf::hung_up(fd_.get());
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
      drained.throttled = drained.held_back = true;
    else if (const auto* on = std::get_if<TicksGoOn>(&record)) {
      drained.held_back = false;
      begin_grid(on->time);
    }
    return record.index() != 0;
  });
  std::uint64_t lost = lost_told_;
  // A ring that had room has lost nothing since; of one that had none the event has the number, the ring maybe later.
  if (counts_losses_ && stats.bytes - bytes_before + kLargestRecord > ring_bytes_) {
    if (const auto read = counts())
      lost = std::max(lost, read->lost);
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
