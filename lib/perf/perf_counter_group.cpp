#include "base/alive.hpp"
#include "cpu_follower.hpp"
#include "deaf_cpus.hpp"
#include "dummy_event.hpp"
#include "event_attr.hpp"
#include "perf_event_open.hpp"
#include "read_counts.hpp"
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

// How many words came.
std::size_t read_words(const UniqueFd& event, std::span<std::uint64_t> words) {
  const ssize_t got = ::read(event.get(), words.data(), words.size_bytes());
  const int error = errno;
  if (got < 0)
    throw Error(error, "read the counters");
  return static_cast<std::size_t>(got) / sizeof words[0];
}

Error not_counted() {
  return {EIO, "read the counters", {}, "a pinned event found no place on the PMU"};
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
    std::vector<UniqueFd> events;  // the leader first; none on a CPU that was left
    UniqueFd cpu_watch;
    std::vector<PerfCount> before;  // what those counted that were here before these
    std::vector<PerfCount> base;    // at the last reset

    [[nodiscard]] bool is_open() const { return !events.empty(); }
  };

  State(std::vector<PerfEvent> events, PerfScope scope, PerfCounterOptions how);

  [[nodiscard]] Part open(const perf::Place& place) const;
  // Gives `use` the number of each event and what it has come to at this place, `reset` or not.
  template <class Use>
  void read_part(const Part& part, Use use) const;
  void read_open(const Part& part, std::span<std::uint64_t> words) const;
  void control(const Part& part, unsigned long request, const char* action) const;
  void control(unsigned long request, const char* action) const;

  void leave(unsigned cpu);
  void join(unsigned cpu);
  [[nodiscard]] auto part_of(unsigned cpu) {
    return std::ranges::find_if(parts, [cpu](const Part& part) { return part.place.cpu == cpu; });
  }
  // The CPUs that do not listen, though there are events on them.
  [[nodiscard]] CpuSet deaf_cpus() const;

  std::vector<PerfEvent> wanted;
  PerfScope scope;
  PerfCounterOptions options;
  perf::CpuFollower follower;
  UniqueFd cgroup;  // whose tasks are watched: for CPUs that come
  std::vector<Part> parts;
  bool enabled;
};

PerfCounterGroup::State::State(std::vector<PerfEvent> events, PerfScope on, PerfCounterOptions how)
    : wanted(std::move(events)),
      scope(std::move(on)),
      options(std::move(how)),
      follower(scope, options.sys),
      enabled(options.start == PerfStart::at_once) {
  if (wanted.empty())
    throw Error(EINVAL, "count a group of no events");
  perf::check_start(options.start, scope);
  perf::Places found = perf::places_of(scope, perf::TaskPlaces::anywhere, options.sys, options.proc);
  parts = perf::open_each(found, [&](const perf::Place& place) { return open(place); });
  cgroup = std::move(found.cgroup);
  // Together, so that all places count the same time.
  if (enabled)
    control(PERF_EVENT_IOC_ENABLE, "enable");
}

PerfCounterGroup::State::Part PerfCounterGroup::State::open(const perf::Place& place) const {
  const std::vector<PerfCount> nothing(wanted.size());
  Part part{.place = place, .events = {}, .cpu_watch = {}, .before = nothing, .base = nothing};
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
    const perf::Purpose purpose{
        .what = name, .paranoid = perf::allowed_paranoid(attr, scope), .proc = options.proc, .sys = options.sys};
    part.events.push_back(perf::open_event(attr, target, purpose));
    if (leads)
      part.cpu_watch = perf::open_cpu_watch(place, purpose);
  }
  return part;
}

void PerfCounterGroup::State::read_open(const Part& part, std::span<std::uint64_t> words) const {
  if (read_words(part.events.front(), words) == words.size())
    return;
  // The kernel takes the events of a CPU that went apart (kernel/events/core.c, perf_group_detach): each is a group of
  // one then.
  constexpr std::size_t kAlone = kValuesOfGroupAt + 1;
  if (part.place.cpu && wanted.size() > 1 && words[0] == 1) {
    for (std::size_t i = wanted.size(); i-- > 0;) {  // the leader's times are read last
      if (read_words(part.events[i], words.first(kAlone)) != kAlone)
        throw not_counted();
      words[kValuesOfGroupAt + i] = words[kValuesOfGroupAt];
    }
    return;
  }
  throw not_counted();
}

template <class Use>
void PerfCounterGroup::State::read_part(const Part& part, Use use) const {
  const std::size_t size = wanted.size();
  std::array<std::uint64_t, kLargestHead + kFew> few{};
  std::vector<std::uint64_t> many(size > kFew ? kLargestHead + size : 0);
  const std::size_t values_at = size > 1 ? kValuesOfGroupAt : 0;
  const std::span<std::uint64_t> words =
      std::span(size > kFew ? many.data() : few.data(), size > 1 ? values_at + size : kLargestHead);
  if (part.is_open())
    read_open(part, words);
  for (std::size_t i = 0; i < size; ++i) {
    PerfCount count = part.before[i];
    count +=
        {.value = words[values_at + i], .enabled = duration(words[kEnabledAt]), .running = duration(words[kRunningAt])};
    use(i, count);
  }
}

void PerfCounterGroup::State::control(const Part& part, unsigned long request, const char* action) const {
  if (part.is_open() && ::ioctl(part.events.front().get(), request, PERF_IOC_FLAG_GROUP) != 0)
    throw Error(errno, std::string(action) + " the counters");
}

void PerfCounterGroup::State::control(unsigned long request, const char* action) const {
  for (const Part& part : parts)
    control(part, request, action);
}

void PerfCounterGroup::State::leave(unsigned cpu) {
  Part& part = *part_of(cpu);
  std::vector<PerfCount> counted(wanted.size());
  read_part(part, [&](std::size_t i, const PerfCount& count) { counted[i] = count; });
  part.before = std::move(counted);
  part.events.clear();
  part.cpu_watch.reset();
}

void PerfCounterGroup::State::join(unsigned cpu) {
  Part made = open(perf::place_on(cpu, cgroup));
  if (enabled)
    control(made, PERF_EVENT_IOC_ENABLE, "enable");
  const auto known = part_of(cpu);
  if (known == parts.end()) {
    parts.push_back(std::move(made));
    return;
  }
  known->events = std::move(made.events);
  known->cpu_watch = std::move(made.cpu_watch);
}

CpuSet PerfCounterGroup::State::deaf_cpus() const {
  if (!enabled)
    return {};
  std::vector<perf::ListeningCpu> asked;
  for (const Part& part : parts) {
    if (!part.place.cpu || !part.is_open())
      continue;
    asked.push_back({.cpu = *part.place.cpu, .time_enabled = [this, &part]() -> std::optional<std::uint64_t> {
                       if (part.cpu_watch) {
                         const auto counts = perf::read_counts(part.cpu_watch.get(), perf::kBothTimes);
                         return counts ? std::optional(counts->time_enabled) : std::nullopt;
                       }
                       Duration enabled_for{};
                       read_part(part, [&](std::size_t, const PerfCount& count) { enabled_for = count.enabled; });
                       return static_cast<std::uint64_t>(enabled_for.count());
                     }});
  }
  return perf::deaf_cpus(std::move(asked));
}

PerfCounterGroup::PerfCounterGroup(const std::vector<PerfEvent>& events, const PerfScope& scope,
                                   const PerfCounterOptions& options)
    : state_(std::make_unique<State>(events, scope, options)) {}
PerfCounterGroup::~PerfCounterGroup() = default;
PerfCounterGroup::PerfCounterGroup(PerfCounterGroup&& other) noexcept = default;
PerfCounterGroup& PerfCounterGroup::operator=(PerfCounterGroup&& other) noexcept = default;

PerfCounterGroup::State& PerfCounterGroup::state() const {
  return alive(state_);
}

std::size_t PerfCounterGroup::size() const noexcept {
  return state_ ? state_->wanted.size() : 0;
}

std::vector<PerfCount> PerfCounterGroup::read() const {
  std::vector<PerfCount> counts(size());
  read_into(counts);
  return counts;
}

void PerfCounterGroup::read_into(std::span<PerfCount> counts) const {
  if (counts.size() != size())
    throw Error(EINVAL, "read the counters", {}, "there is a count for each event");
  std::ranges::fill(counts, PerfCount{});
  for (const State::Part& part : state().parts)
    state().read_part(part, [&](std::size_t i, const PerfCount& count) { counts[i] += count - part.base[i]; });
}

std::vector<PerfPlaceCounts> PerfCounterGroup::read_places() const {
  std::vector<PerfPlaceCounts> places;
  places.reserve(state().parts.size());
  for (const State::Part& part : state().parts) {
    PerfPlaceCounts& place = places.emplace_back();
    place.cpu = part.place.cpu;
    place.tid = part.place.tid;
    state().read_part(part,
                      [&](std::size_t i, const PerfCount& count) { place.counts.push_back(count - part.base[i]); });
  }
  return places;
}

void PerfCounterGroup::reset() {
  for (State::Part& part : state().parts)
    state().read_part(part, [&](std::size_t i, const PerfCount& count) { part.base[i] = count; });
}

void PerfCounterGroup::enable() {
  state().control(PERF_EVENT_IOC_ENABLE, "enable");
  state().enabled = true;
}

void PerfCounterGroup::disable() {
  state().control(PERF_EVENT_IOC_DISABLE, "disable");
  state().enabled = false;
}

std::vector<PerfCpuChange> PerfCounterGroup::follow_cpus() {
  if (!state().follower.follows())
    return {};
  const CpuSet deaf = state().deaf_cpus();
  perf::CpuFollower::Watched watched{
      .cpus = {},
      .listens = [&](unsigned cpu) { return !deaf.contains(cpu); },
      .leave = [this](unsigned cpu) { state().leave(cpu); },
      .join = [this](unsigned cpu) { state().join(cpu); },
  };
  for (const State::Part& part : state().parts) {
    if (part.is_open())
      watched.cpus.insert(*part.place.cpu);
  }
  return state().follower.follow(watched);
}

CpuSet PerfCounterGroup::gone_cpus() const {
  CpuSet gone = state().deaf_cpus();
  for (const State::Part& part : state().parts) {
    if (!part.is_open())
      gone.insert(*part.place.cpu);
  }
  return gone;
}

int PerfCounterGroup::native_handle() const noexcept {
  if (!state_)
    return -1;
  const auto first = std::ranges::find_if(state_->parts, &State::Part::is_open);
  return first != state_->parts.end() ? first->events.front().get() : -1;
}

}  // namespace fathom
