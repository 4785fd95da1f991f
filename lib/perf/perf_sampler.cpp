#include "base/alive.hpp"
#include "base/monotonic_now.hpp"
#include "cpu_follower.hpp"
#include "deaf_cpus.hpp"
#include "event_pulse.hpp"
#include "hung_up.hpp"
#include "sample_ring.hpp"
#include "sampled_place.hpp"
#include "scope_places.hpp"
#include "wait_descriptor.hpp"

#include <fathom/base/error.hpp>
#include <fathom/base/unique_fd.hpp>
#include <fathom/perf/perf_sampler.hpp>

#include <linux/perf_event.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <string>
#include <utility>

namespace fathom {

namespace {

PerfCount count_of(const perf::EventCounts& counts) {
  return {.value = counts.value,
          .enabled = Duration(static_cast<std::int64_t>(counts.time_enabled)),
          .running = Duration(static_cast<std::int64_t>(counts.time_running))};
}

}  // namespace

struct PerfSampler::State {
  struct Part {
    perf::SampledPlace events;
    perf::EventPulse pulse{};
  };
  struct Ring {
    std::optional<unsigned> cpu;
    perf::SampleRing ring;
  };

  State(const PerfEvent& event, PerfSamplerOptions how);

  // Has the part write to its CPU's ring, or to one of its own, and waits for it.
  void add(Part part);
  void control(unsigned long request, const char* action) const;

  void look();
  void look_again();
  [[nodiscard]] bool listens(unsigned cpu);
  void leave(unsigned cpu);
  void join(unsigned cpu);
  [[nodiscard]] auto part_of(unsigned cpu) {
    return std::ranges::find_if(parts, [cpu](const Part& part) { return part.events.place().cpu == cpu; });
  }
  // Keeps what those counted that were left, and have been drained.
  void retire_left();

  void drain_rings();
  // Looks whether threads, or CPUs, have ended. Waits no longer for those; whether anything has happened since the last
  // look.
  bool find_ended();

  PerfSamplerOptions options;
  perf::SamplePlan plan;
  perf::RecordLayout layout;
  perf::WaitDescriptor descriptor;
  perf::CpuFollower follower;
  UniqueFd cgroup;  // whose tasks are watched: for CPUs that come
  std::vector<Part> parts;
  std::vector<Ring> rings;
  std::vector<Part> left_parts;  // of CPUs that went, up to the next time that the rings are drained
  std::vector<Ring> left_rings;
  CpuSet left_cpus;
  std::vector<PerfCount> retired;  // what those counted that were left; by event
  std::size_t waited_for = 0;      // parts in the descriptor
  Timestamp next_look{};
  bool enabled;
  perf::SampleBuffer buffer;
  std::vector<PerfCpuChange> changes;
  ParseStats stats;
};

PerfSampler::State::State(const PerfEvent& event, PerfSamplerOptions how)
    : options(std::move(how)),
      plan(event, options),
      layout(plan.layout()),
      follower(options.on, options.sys),
      retired(plan.events().size()),
      enabled(options.start == PerfStart::at_once) {
  perf::check_start(options.start, options.on);
  const bool follows = perf::follow_of(options.on) != PerfFollow::nobody;
  perf::Places found = perf::places_of(options.on, follows ? perf::TaskPlaces::by_cpu : perf::TaskPlaces::anywhere,
                                       options.sys, options.proc);
  std::vector<Part> opened =
      perf::open_each(found, [&](const perf::Place& place) { return Part{perf::SampledPlace(place, plan, options)}; });
  cgroup = std::move(found.cgroup);
  for (Part& part : opened)
    add(std::move(part));
  if (enabled)
    control(PERF_EVENT_IOC_ENABLE, "enable");
  look_again();
}

void PerfSampler::State::add(Part part) {
  const std::optional<unsigned> cpu = part.events.place().cpu;
  layout.read_format = part.events.read_format();
  const auto known = cpu ? std::ranges::find(rings, cpu, &Ring::cpu) : rings.end();
  if (known != rings.end()) {
    part.events.write_to(known->ring);
    descriptor.add(part.events.fd());
  } else {
    perf::SampleRing ring(part.events.fd(), options.ring_pages, cpu, plan.events().front().name);
    part.events.write_to(ring);
    descriptor.add(part.events.fd());
    rings.push_back({.cpu = cpu, .ring = std::move(ring)});
  }
  parts.push_back(std::move(part));
  ++waited_for;
}

void PerfSampler::State::control(unsigned long request, const char* action) const {
  for (const Part& part : parts)
    part.events.control(request, action);
}

void PerfSampler::State::look_again() {
  if (!follower.follows())
    return;
  next_look = monotonic_now() + perf::kLookEvery;
  descriptor.look_at(next_look);
}

void PerfSampler::State::look() {
  perf::CpuFollower::Watched watched{
      .cpus = {},
      .listens = [this](unsigned cpu) { return listens(cpu); },
      .leave = [this](unsigned cpu) { leave(cpu); },
      .join = [this](unsigned cpu) { join(cpu); },
  };
  for (const Part& part : parts)
    watched.cpus.insert(*part.events.place().cpu);
  std::ranges::move(follower.follow(watched), std::back_inserter(changes));
  look_again();
}

// By its clock, which stands still while disabled, too.
bool PerfSampler::State::listens(unsigned cpu) {
  Part& part = *part_of(cpu);
  if (perf::hung_up(part.events.fd()))
    return false;
  return !enabled || part.pulse.goes_on([&] { return part.events.time_on_cpu(); });
}

void PerfSampler::State::leave(unsigned cpu) {
  const auto part = part_of(cpu);
  descriptor.remove(part->events.fd());
  --waited_for;
  left_parts.push_back(std::move(*part));
  parts.erase(part);
  const auto ring = std::ranges::find(rings, cpu, &Ring::cpu);
  left_rings.push_back(std::move(*ring));
  rings.erase(ring);
  left_cpus.insert(cpu);
}

void PerfSampler::State::join(unsigned cpu) {
  Part part{perf::SampledPlace(perf::place_on(cpu, cgroup), plan, options)};
  if (enabled)
    part.events.control(PERF_EVENT_IOC_ENABLE, "enable");
  add(std::move(part));
  left_cpus.erase(cpu);
}

void PerfSampler::State::retire_left() {
  for (const Part& part : left_parts) {
    for (std::size_t i = 0; i < retired.size(); ++i) {
      if (const auto counts = part.events.counts(i))
        retired[i] += count_of(*counts);
    }
  }
  left_rings.clear();
  left_parts.clear();
}

void PerfSampler::State::drain_rings() {
  std::size_t words = 0;
  const auto each_ring = [this](auto use) {
    for (std::vector<Ring>* some : {&left_rings, &rings})
      std::ranges::for_each(*some, use, &Ring::ring);
  };
  each_ring([&](perf::SampleRing& ring) { words += ring.look(); });
  if (buffer.words.size() < words)
    buffer.words.resize(words);  // before the first view of it
  buffer.used = 0;
  buffer.records.clear();
  buffer.losses.clear();
  each_ring([&](perf::SampleRing& ring) { ring.drain(layout, buffer, stats); });
  if (!options.fields.time || rings.size() + left_rings.size() < 2)
    return;
  const auto time = [](const PerfEventRecord& record) {
    return std::visit([](const PerfOrigin& origin) { return origin.time; }, record);
  };
  if (!std::ranges::is_sorted(buffer.records, {}, time))
    std::ranges::stable_sort(buffer.records, {}, time);
}

// An event whose thread, and all whom it made, have ended hangs up, for good (kernel/events/core.c, perf_poll), that of
// a CPU that went too since Linux 6.15. To ask is to be told of wake-ups, too, which the kernel does only once.
bool PerfSampler::State::find_ended() {
  constexpr int kAtOnce = 64;
  std::array<epoll_event, kAtOnce> ready{};
  bool any = false;
  for (;;) {
    const int count = ::epoll_wait(descriptor.native_handle(), ready.data(), kAtOnce, 0);
    bool dropped = false;
    for (int i = 0; i < count; ++i) {
      any = true;
      const epoll_event& event = ready[static_cast<std::size_t>(i)];
      if ((event.events & EPOLLHUP) == 0)
        continue;
      if (follower.follows()) {
        look();
        return true;
      }
      descriptor.remove(event.data.fd);
      --waited_for;
      dropped = true;
    }
    if (!dropped)
      return any;
  }
}

PerfSampler::PerfSampler(const PerfEvent& event, const PerfSamplerOptions& options)
    : state_(std::make_unique<State>(event, options)) {}
PerfSampler::~PerfSampler() = default;
PerfSampler::PerfSampler(PerfSampler&& other) noexcept = default;
PerfSampler& PerfSampler::operator=(PerfSampler&& other) noexcept = default;

PerfSampler::State& PerfSampler::state() const {
  return alive(state_);
}

int PerfSampler::native_handle() const noexcept {
  return state_ ? state_->descriptor.native_handle() : -1;
}

PerfSampleBatch PerfSampler::drain() {
  State& state = this->state();
  const perf::SampleBuffer& buffer = state.buffer;
  state.changes.clear();
  // Before the rings are drained, so that those of CPUs that went are, for the last time.
  if (state.follower.follows() && monotonic_now() >= state.next_look)
    state.look();
  state.drain_rings();
  const auto nothing = [&] { return buffer.records.empty() && buffer.losses.empty() && state.changes.empty(); };
  if (nothing() && state.find_ended())
    state.drain_rings();  // what came between the two
  state.retire_left();
  const bool ended = nothing() && state.waited_for == 0 && !state.follower.follows();
  return {.records = buffer.records, .losses = buffer.losses, .ended = ended, .changes = state.changes};
}

void PerfSampler::enable() {
  state().control(PERF_EVENT_IOC_ENABLE, "enable");
  state().enabled = true;
  state().look_again();
}

void PerfSampler::disable() {
  state().control(PERF_EVENT_IOC_DISABLE, "disable");
  state().enabled = false;
}

PerfCount PerfSampler::count(std::size_t event) const {
  const auto& events = state().plan.events();
  if (event >= events.size())
    throw Error(EINVAL, "count the sampled event " + std::to_string(event), {},
                "this sampler has " + std::to_string(events.size()));
  PerfCount sum = state().retired[event];
  for (const State::Part& part : state().parts) {
    const auto counts = part.events.counts(event);
    if (!counts)
      throw Error(errno, "read how often there was " + events[event].name);
    sum += count_of(*counts);
  }
  return sum;
}

CpuSet PerfSampler::gone_cpus() const {
  CpuSet gone = state().left_cpus;
  if (!state().enabled)
    return gone;
  std::vector<perf::ListeningCpu> asked;
  for (const State::Part& part : state().parts) {
    if (!part.events.place().cpu || part.events.place().tid)
      continue;
    asked.push_back({.cpu = *part.events.place().cpu, .time_enabled = [&part] { return part.events.time_on_cpu(); }});
  }
  for (const unsigned cpu : perf::deaf_cpus(std::move(asked)).cpus())
    gone.insert(cpu);
  return gone;
}

const ParseStats& PerfSampler::stats() const {
  return state().stats;
}

}  // namespace fathom
