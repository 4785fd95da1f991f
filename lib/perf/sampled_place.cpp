#include "sampled_place.hpp"

#include "dummy_event.hpp"
#include "event_attr.hpp"
#include "perf_event_open.hpp"
#include "sample_attr.hpp"

#include <fathom/base/error.hpp>

#include <sys/ioctl.h>

#include <cerrno>
#include <utility>

namespace fathom::perf {

SamplePlan::SamplePlan(const PerfEvent& event, const PerfSamplerOptions& options) {
  events_.push_back({.name = event.name(), .attr = sample_attr(event, options)});
  for (const PerfSampledEvent& other : options.also)
    events_.push_back({.name = other.event.name(), .attr = sample_attr_beside(other, options)});
}

RecordLayout SamplePlan::layout() const noexcept {
  const perf_event_attr& attr = events_.front().attr;
  return {.sample_type = attr.sample_type, .read_format = attr.read_format};
}

SampledPlace::SampledPlace(const Place& place, const SamplePlan& plan, const PerfSamplerOptions& options)
    : place_(place) {
  for (const SamplePlan::Event& wanted : plan.events())
    events_.push_back(open(wanted, options));
}

SampledPlace::Event SampledPlace::open(const SamplePlan::Event& wanted, const PerfSamplerOptions& options) {
  const auto purpose = [&](const perf_event_attr& attr, std::string_view what) {
    return Purpose{
        .what = what, .paranoid = allowed_paranoid(attr, options.on), .proc = options.proc, .sys = options.sys};
  };
  auto [fd, counts_losses] = open_counting_losses(wanted.attr, place_.target, purpose(wanted.attr, wanted.name));
  if (events_.empty())
    cpu_watch_ = open_cpu_watch(place_, purpose(wanted.attr, wanted.name));
  read_format_ = wanted.attr.read_format | (counts_losses ? std::uint64_t{PERF_FORMAT_LOST} : 0);
  Event event{.name = wanted.name, .fd = std::move(fd), .counted = {}};
  for (const PerfEvent& counted : options.counted) {
    perf_event_attr member = attr_of(counted);
    member.read_format = read_format_;
    member.use_clockid = wanted.attr.use_clockid;  // a group has one clock
    member.clockid = wanted.attr.clockid;
    set_follow(member, follow_of(options.on));
    Target target = place_.target;
    target.group = event.fd.get();
    const std::string what = counted.name();
    event.counted.push_back(open_event(member, target, purpose(member, what)));
  }
  return event;
}

void SampledPlace::write_to(SampleRing& ring) const {
  for (std::size_t i = 0; i < events_.size(); ++i)
    ring.add_event(events_[i].fd.get(), read_format_, i);
}

void SampledPlace::control(unsigned long request, const char* action) const {
  for (const Event& event : events_) {
    if (::ioctl(event.fd.get(), request, PERF_IOC_FLAG_GROUP) != 0)
      throw Error(errno, std::string(action) + ' ' + event.name);
  }
}

std::optional<std::uint64_t> SampledPlace::time_on_cpu() const {
  const auto read = cpu_watch_ ? read_counts(cpu_watch_.get(), kBothTimes) : counts(0);
  return read ? std::optional(read->time_enabled) : std::nullopt;
}

std::optional<EventCounts> SampledPlace::counts(std::size_t event) const {
  return read_counts(events_[event].fd.get(), read_format_);
}

}  // namespace fathom::perf
