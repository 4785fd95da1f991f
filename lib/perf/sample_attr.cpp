#include "sample_attr.hpp"

#include "event_attr.hpp"
#include "scope_places.hpp"
#include "timer_period.hpp"

#include <fathom/base/error.hpp>

#include <cerrno>
#include <ctime>
#include <limits>
#include <string>

namespace fathom::perf {

namespace {

bool is_clock(const PerfEvent& event) {
  const auto* software = std::get_if<SoftwareEvent>(&event.what());
  return software != nullptr && (*software == SoftwareEvent::cpu_clock || *software == SoftwareEvent::task_clock);
}

[[noreturn]] void refuse(const PerfEvent& event, const char* hint) {
  throw Error(EINVAL, "sample " + event.name() + " at this rate", {}, hint);
}

void set_rate(perf_event_attr& attr, const PerfEvent& event, const SampleRate& rate) {
  if (const auto* hz = std::get_if<Hz>(&rate)) {
    if (hz->value == 0)
      refuse(event, "0 Hz is never");
    attr.freq = 1;
    attr.sample_freq = hz->value;
  } else if (const auto* period = std::get_if<Duration>(&rate)) {
    if (!is_clock(event))
      refuse(event, "only cpu-clock and task-clock happen in time; of others, say how many or how often a second");
    if (*period < kShortestPeriod)
      refuse(event, "a period is at least 10 us: the kernel takes shorter ones, and makes them that");
    attr.sample_period = static_cast<std::uint64_t>(period->count());
  } else {
    attr.sample_period = std::get<EventCount>(rate).value;
    if (attr.sample_period == 0)
      refuse(event, "every 0 events is never");
  }
}

void set_fields(perf_event_attr& attr, const PerfSampleFields& fields) {
  const auto want = [&](bool wanted, std::uint64_t bit) {
    if (wanted)
      attr.sample_type |= bit;
  };
  using Callchain = PerfSampleFields::Callchain;
  want(fields.ip, PERF_SAMPLE_IP);
  want(fields.task, PERF_SAMPLE_TID);
  want(fields.time, PERF_SAMPLE_TIME);
  want(fields.cpu, PERF_SAMPLE_CPU);
  want(fields.period, PERF_SAMPLE_PERIOD);
  want(fields.address, PERF_SAMPLE_ADDR);
  want(fields.id, PERF_SAMPLE_ID);
  want(fields.raw, PERF_SAMPLE_RAW);
  want(fields.callchain != Callchain::none, PERF_SAMPLE_CALLCHAIN);
  attr.exclude_callchain_kernel = fields.callchain == Callchain::user;
  attr.exclude_callchain_user = fields.callchain == Callchain::kernel;
  attr.sample_max_stack = fields.max_stack.value_or(0);
}

void set_records(perf_event_attr& attr, const PerfTaskRecords& records) {
  attr.mmap = records.mmap;
  attr.mmap2 = records.mmap || records.mmap_data;
  attr.mmap_data = records.mmap_data;
  attr.build_id = records.build_id;
  attr.comm = records.comm;
  attr.comm_exec = records.comm;
  attr.task = records.task;
  attr.context_switch = records.switches;
}

void set_wakeup(perf_event_attr& attr, const PerfWakeup& wakeup) {
  if (const auto* bytes = std::get_if<PerfBytes>(&wakeup)) {
    attr.watermark = 1;
    attr.wakeup_watermark = bytes->value;
  } else {
    const std::uint64_t samples = std::get<EventCount>(wakeup).value;
    if (samples > std::numeric_limits<std::uint32_t>::max())
      throw Error(EOVERFLOW, "wake up after " + std::to_string(samples) + " samples", {},
                  "the kernel counts to 4294967295");
    attr.wakeup_events = static_cast<std::uint32_t>(samples);
  }
}

void set_clock(perf_event_attr& attr, PerfClock clock) {
  attr.use_clockid = clock != PerfClock::perf;
  switch (clock) {
    case PerfClock::monotonic:
      attr.clockid = CLOCK_MONOTONIC;
      break;
    case PerfClock::monotonic_raw:
      attr.clockid = CLOCK_MONOTONIC_RAW;
      break;
    case PerfClock::realtime:
      attr.clockid = CLOCK_REALTIME;
      break;
    case PerfClock::boottime:
      attr.clockid = CLOCK_BOOTTIME;
      break;
    case PerfClock::tai:
      attr.clockid = CLOCK_TAI;
      break;
    case PerfClock::perf:
      break;
  }
}

// What all events of a sampler have, so that their records are alike.
perf_event_attr attr_in_common(const PerfEvent& event, const SampleRate& rate, const PerfSamplerOptions& options) {
  perf_event_attr attr = attr_of(event);
  set_rate(attr, event, rate);
  set_fields(attr, options.fields);
  if (!options.also.empty())
    attr.sample_type |= PERF_SAMPLE_IDENTIFIER;
  attr.sample_id_all = 1;
  set_wakeup(attr, options.wakeup);
  set_clock(attr, options.clock);
  set_follow(attr, follow_of(options.on));
  attr.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
  if (!options.counted.empty()) {
    attr.sample_type |= PERF_SAMPLE_READ;
    attr.read_format |= PERF_FORMAT_GROUP;
  }
  attr.disabled = 1;
  attr.enable_on_exec = options.start == PerfStart::on_exec;
  return attr;
}

}  // namespace

perf_event_attr sample_attr(const PerfEvent& event, const PerfSamplerOptions& options) {
  perf_event_attr attr = attr_in_common(event, options.rate, options);
  set_records(attr, options.records);
  return attr;
}

perf_event_attr sample_attr_beside(const PerfSampledEvent& other, const PerfSamplerOptions& options) {
  return attr_in_common(other.event, other.rate.value_or(options.rate), options);
}

}  // namespace fathom::perf
