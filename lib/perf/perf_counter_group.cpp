#include "deaf_cpus.hpp"
#include "event_attr.hpp"
#include "perf_event_open.hpp"
#include "scope_places.hpp"

#include <fathom/base/error.hpp>
#include <fathom/base/unique_fd.hpp>
#include <fathom/perf/perf_counter_group.hpp>

#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace fathom {

namespace {

// What read(2) gives: of a group how many, two times, then a value for each; of one event, for which the kernel has
// less to do, its value and two times.
constexpr std::uint64_t kTimes = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
constexpr std::size_t kEnabledAt = 1;
constexpr std::size_t kRunningAt = 2;
constexpr std::size_t kValuesOfGroupAt = 3;
constexpr std::size_t kLargestHead = 3;
constexpr std::size_t kFew = 8;  // events that are read without an allocation

Duration duration(std::uint64_t nanoseconds) {
  return Duration(static_cast<std::int64_t>(nanoseconds));
}

PerfCount operator-(PerfCount count, const PerfCount& base) {
  count.value -= base.value;
  count.enabled -= base.enabled;
  count.running -= base.running;
  return count;
}

}  // namespace

struct PerfCounterGroup::State {
  // A group at one place.
  struct Part {
    perf::Place place;
    std::vector<UniqueFd> events;  // the leader first
  };

  State(const std::vector<PerfEvent>& wanted, const PerfScope& scope, PerfCounterOptions how);

  [[nodiscard]] Part open(const perf::Place& place, const std::vector<PerfEvent>& wanted, const PerfScope& scope) const;
  // Gives `use` the number of each event and what it came to at this place.
  template <class Use>
  void read_part(const Part& part, Use use) const;
  // What has been counted ever, `reset` or not.
  void add_all(std::span<PerfCount> counts) const;
  void control(unsigned long request, const char* action) const;

  PerfCounterOptions options;
  std::size_t size;
  std::vector<Part> parts;
  std::vector<PerfCount> base;                     // at the last reset
  std::vector<std::vector<PerfCount>> part_bases;  // the same, by part
  bool enabled;
};

PerfCounterGroup::State::State(const std::vector<PerfEvent>& wanted, const PerfScope& scope, PerfCounterOptions how)
    : options(std::move(how)), size(wanted.size()), base(wanted.size()), enabled(options.start == PerfStart::at_once) {
  if (wanted.empty())
    throw Error(EINVAL, "count a group of no events");
  perf::check_start(options.start, scope);
  const perf::Places found = perf::places_of(scope, perf::TaskPlaces::anywhere, options.sys, options.proc);
  parts = perf::open_each(found, [&](const perf::Place& place) { return open(place, wanted, scope); });
  part_bases.assign(parts.size(), base);
  // Together, so that all places count the same time.
  if (options.start == PerfStart::at_once)
    control(PERF_EVENT_IOC_ENABLE, "enable");
}

PerfCounterGroup::State::Part PerfCounterGroup::State::open(const perf::Place& place,
                                                            const std::vector<PerfEvent>& wanted,
                                                            const PerfScope& scope) const {
  Part part{.place = place, .events = {}};
  for (const PerfEvent& event : wanted) {
    const bool leads = part.events.empty();
    perf_event_attr attr = perf::attr_of(event);
    attr.read_format = kTimes | (wanted.size() > 1 ? std::uint64_t{PERF_FORMAT_GROUP} : 0);
    attr.disabled = leads;  // the others do as it does
    attr.enable_on_exec = leads && options.start == PerfStart::on_exec;
    perf::set_follow(attr, perf::follow_of(scope));
    perf::Target target = place.target;
    target.group = leads ? -1 : part.events.front().get();
    const std::string name = event.name();
    part.events.push_back(perf::open_event(
        attr, target,
        {.what = name, .paranoid = perf::allowed_paranoid(attr, scope), .proc = options.proc, .sys = options.sys}));
  }
  return part;
}

template <class Use>
void PerfCounterGroup::State::read_part(const Part& part, Use use) const {
  std::array<std::uint64_t, kLargestHead + kFew> few{};
  std::vector<std::uint64_t> many(size > kFew ? kLargestHead + size : 0);
  const std::size_t values_at = size > 1 ? kValuesOfGroupAt : 0;
  const std::span<std::uint64_t> words =
      std::span(size > kFew ? many.data() : few.data(), size > 1 ? values_at + size : kLargestHead);
  const ssize_t got = ::read(part.events.front().get(), words.data(), words.size_bytes());
  const int error = errno;
  if (got < 0)
    throw Error(error, "read the counters");
  if (static_cast<std::size_t>(got) != words.size_bytes())
    throw Error(EIO, "read the counters", {}, "a pinned event found no place on the PMU");
  for (std::size_t i = 0; i < size; ++i) {
    use(i, PerfCount{.value = words[values_at + i],
                     .enabled = duration(words[kEnabledAt]),
                     .running = duration(words[kRunningAt])});
  }
}

void PerfCounterGroup::State::add_all(std::span<PerfCount> counts) const {
  for (const Part& part : parts)
    read_part(part, [&](std::size_t i, const PerfCount& count) { counts[i] += count; });
}

void PerfCounterGroup::State::control(unsigned long request, const char* action) const {
  for (const Part& part : parts) {
    if (::ioctl(part.events.front().get(), request, PERF_IOC_FLAG_GROUP) != 0)
      throw Error(errno, std::string(action) + " the counters");
  }
}

PerfCounterGroup::PerfCounterGroup(const std::vector<PerfEvent>& events, const PerfScope& scope,
                                   const PerfCounterOptions& options)
    : state_(std::make_unique<State>(events, scope, options)) {}
PerfCounterGroup::~PerfCounterGroup() = default;
PerfCounterGroup::PerfCounterGroup(PerfCounterGroup&& other) noexcept = default;
PerfCounterGroup& PerfCounterGroup::operator=(PerfCounterGroup&& other) noexcept = default;

std::size_t PerfCounterGroup::size() const noexcept {
  return state_->size;
}

std::vector<PerfCount> PerfCounterGroup::read() const {
  std::vector<PerfCount> counts(state_->size);
  read_into(counts);
  return counts;
}

void PerfCounterGroup::read_into(std::span<PerfCount> counts) const {
  if (counts.size() != state_->size)
    throw Error(EINVAL, "read the counters", {}, "there is a count for each event");
  std::ranges::fill(counts, PerfCount{});
  state_->add_all(counts);
  for (std::size_t i = 0; i < counts.size(); ++i)
    counts[i] = counts[i] - state_->base[i];
}

std::vector<PerfPlaceCounts> PerfCounterGroup::read_places() const {
  std::vector<PerfPlaceCounts> places;
  places.reserve(state_->parts.size());
  for (std::size_t p = 0; p < state_->parts.size(); ++p) {
    const State::Part& part = state_->parts[p];
    PerfPlaceCounts& place = places.emplace_back();
    place.cpu = part.place.cpu;
    place.tid = part.place.tid;
    state_->read_part(
        part, [&](std::size_t i, const PerfCount& count) { place.counts.push_back(count - state_->part_bases[p][i]); });
  }
  return places;
}

void PerfCounterGroup::reset() {
  for (std::size_t p = 0; p < state_->parts.size(); ++p)
    state_->read_part(state_->parts[p],
                      [&](std::size_t i, const PerfCount& count) { state_->part_bases[p][i] = count; });
  std::ranges::fill(state_->base, PerfCount{});
  for (const std::vector<PerfCount>& part : state_->part_bases) {
    for (std::size_t i = 0; i < part.size(); ++i)
      state_->base[i] += part[i];
  }
}

void PerfCounterGroup::enable() {
  state_->control(PERF_EVENT_IOC_ENABLE, "enable");
  state_->enabled = true;
}

void PerfCounterGroup::disable() {
  state_->control(PERF_EVENT_IOC_DISABLE, "disable");
  state_->enabled = false;
}

CpuSet PerfCounterGroup::gone_cpus() const {
  if (!state_->enabled)
    return {};
  std::vector<perf::ListeningCpu> asked;
  for (const State::Part& part : state_->parts) {
    if (!part.place.cpu)
      continue;
    asked.push_back({.cpu = *part.place.cpu, .time_enabled = [this, &part]() -> std::optional<std::uint64_t> {
                       Duration enabled{};
                       state_->read_part(part, [&](std::size_t, const PerfCount& count) { enabled = count.enabled; });
                       return static_cast<std::uint64_t>(enabled.count());
                     }});
  }
  return perf::deaf_cpus(std::move(asked));
}

int PerfCounterGroup::native_handle() const noexcept {
  return state_->parts.front().events.front().get();
}

}  // namespace fathom
