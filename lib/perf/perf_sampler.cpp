#include "deaf_cpus.hpp"
#include "event_attr.hpp"
#include "perf_event_open.hpp"
#include "read_counts.hpp"
#include "record_decoder.hpp"
#include "sample_attr.hpp"
#include "sample_ring.hpp"
#include "scope_places.hpp"

#include <fathom/base/error.hpp>
#include <fathom/base/unique_fd.hpp>
#include <fathom/perf/perf_sampler.hpp>

#include <linux/perf_event.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace fathom {

struct PerfSampler::State {
  // The sampled event at a place, and those that are read with it.
  struct Part {
    perf::Place place;
    std::uint64_t read_format;
    UniqueFd event;
    std::vector<UniqueFd> counted;
  };

  State(const PerfEvent& event, PerfSamplerOptions how);

  [[nodiscard]] perf::Purpose purpose(const perf_event_attr& attr, std::string_view what) const;
  [[nodiscard]] Part open(const perf_event_attr& attr, const perf::Place& place);
  // Has the part write to its CPU's ring, or to one of its own.
  void join_ring(const Part& part);
  void wait_for(int fd);
  void control(unsigned long request, const char* action) const;
  void drain_rings();
  // Waits no longer for events whose threads have ended; whether anything has happened since the last look.
  bool drop_ended();

  PerfSamplerOptions options;
  std::string name;
  perf::RecordLayout layout;
  UniqueFd epoll;
  std::vector<Part> parts;
  std::vector<std::pair<std::optional<unsigned>, perf::SampleRing>> rings;
  std::size_t waited_for = 0;  // events in the epoll set
  bool enabled;
  perf::SampleBuffer buffer;
  ParseStats stats;
};

PerfSampler::State::State(const PerfEvent& event, PerfSamplerOptions how)
    : options(std::move(how)),
      name(event.name()),
      epoll(::epoll_create1(EPOLL_CLOEXEC)),
      enabled(options.start == PerfStart::at_once) {
  if (!epoll)
    throw Error(errno, "create an epoll descriptor");
  const perf_event_attr attr = perf::sample_attr(event, options);
  perf::check_start(options.start, options.on);
  layout = {.sample_type = attr.sample_type, .read_format = attr.read_format};
  const bool follows = perf::follow_of(options.on) != PerfFollow::nobody;
  const perf::Places found = perf::places_of(
      options.on, follows ? perf::TaskPlaces::by_cpu : perf::TaskPlaces::anywhere, options.sys, options.proc);
  parts = perf::open_each(found, [&](const perf::Place& place) { return open(attr, place); });
  for (const Part& part : parts) {
    join_ring(part);
    wait_for(part.event.get());
  }
  if (enabled)
    control(PERF_EVENT_IOC_ENABLE, "enable");
}

perf::Purpose PerfSampler::State::purpose(const perf_event_attr& attr, std::string_view what) const {
  return {.what = what, .paranoid = perf::allowed_paranoid(attr, options.on), .proc = options.proc, .sys = options.sys};
}

PerfSampler::State::Part PerfSampler::State::open(const perf_event_attr& attr, const perf::Place& place) {
  auto [event, counts_losses] = perf::open_counting_losses(attr, place.target, purpose(attr, name));
  Part part{.place = place,
            .read_format = attr.read_format | (counts_losses ? std::uint64_t{PERF_FORMAT_LOST} : 0),
            .event = std::move(event),
            .counted = {}};
  layout.read_format = part.read_format;
  for (const PerfEvent& counted : options.counted) {
    perf_event_attr member = perf::attr_of(counted);
    member.read_format = part.read_format;
    member.use_clockid = attr.use_clockid;  // a group has one clock
    member.clockid = attr.clockid;
    perf::set_follow(member, perf::follow_of(options.on));
    perf::Target target = place.target;
    target.group = part.event.get();
    const std::string what = counted.name();
    part.counted.push_back(perf::open_event(member, target, purpose(member, what)));
  }
  return part;
}

void PerfSampler::State::join_ring(const Part& part) {
  auto ring = rings.end();
  if (part.place.cpu)
    ring = std::ranges::find(rings, part.place.cpu, [](const auto& known) { return known.first; });
  if (ring == rings.end()) {
    rings.emplace_back(part.place.cpu, perf::SampleRing(part.event.get(), options.ring_pages, part.place.cpu, name));
    ring = std::prev(rings.end());
  }
  ring->second.add_event(part.event.get(), part.read_format);
}

void PerfSampler::State::wait_for(int fd) {
  epoll_event waited{};
  waited.events = EPOLLIN;
  waited.data.fd = fd;
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &waited) != 0)
    throw Error(errno, "wait for " + name);
  ++waited_for;
}

void PerfSampler::State::control(unsigned long request, const char* action) const {
  for (const Part& part : parts) {
    if (::ioctl(part.event.get(), request, PERF_IOC_FLAG_GROUP) != 0)
      throw Error(errno, std::string(action) + ' ' + name);
  }
}

void PerfSampler::State::drain_rings() {
  std::size_t words = 0;
  for (auto& [cpu, ring] : rings)
    words += ring.look();
  if (buffer.words.size() < words)
    buffer.words.resize(words);  // before the first view of it
  buffer.used = 0;
  buffer.records.clear();
  buffer.losses.clear();
  for (auto& [cpu, ring] : rings)
    ring.drain(layout, buffer, stats);
  if (!options.fields.time || rings.size() < 2)
    return;
  const auto time = [](const PerfEventRecord& record) {
    return std::visit([](const PerfOrigin& origin) { return origin.time; }, record);
  };
  if (!std::ranges::is_sorted(buffer.records, {}, time))
    std::ranges::stable_sort(buffer.records, {}, time);
}

// An event whose thread, and all whom it made, have ended hangs up, for good (kernel/events/core.c, perf_poll). To ask
// is to be told of wake-ups, too, which the kernel does only once.
bool PerfSampler::State::drop_ended() {
  constexpr int kAtOnce = 64;
  std::array<epoll_event, kAtOnce> ready{};
  bool any = false;
  for (;;) {
    const int count = ::epoll_wait(epoll.get(), ready.data(), kAtOnce, 0);
    bool dropped = false;
    for (int i = 0; i < count; ++i) {
      any = true;
      const epoll_event& event = ready[static_cast<std::size_t>(i)];
      if ((event.events & EPOLLHUP) == 0)
        continue;
      ::epoll_ctl(epoll.get(), EPOLL_CTL_DEL, event.data.fd, nullptr);
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

int PerfSampler::native_handle() const noexcept {
  return state_->epoll.get();
}

PerfSampleBatch PerfSampler::drain() {
  state_->drain_rings();
  const perf::SampleBuffer& buffer = state_->buffer;
  const auto nothing = [&] { return buffer.records.empty() && buffer.losses.empty(); };
  if (nothing() && state_->drop_ended())
    state_->drain_rings();  // what came between the two
  return {.records = buffer.records, .losses = buffer.losses, .ended = nothing() && state_->waited_for == 0};
}

void PerfSampler::enable() {
  state_->control(PERF_EVENT_IOC_ENABLE, "enable");
  state_->enabled = true;
}

void PerfSampler::disable() {
  state_->control(PERF_EVENT_IOC_DISABLE, "disable");
  state_->enabled = false;
}

PerfCount PerfSampler::count() const {
  PerfCount sum;
  for (const State::Part& part : state_->parts) {
    const auto counts = perf::read_counts(part.event.get(), part.read_format);
    if (!counts)
      throw Error(errno, "read how often there was " + state_->name);
    sum += {.value = counts->value,
            .enabled = Duration(static_cast<std::int64_t>(counts->time_enabled)),
            .running = Duration(static_cast<std::int64_t>(counts->time_running))};
  }
  return sum;
}

CpuSet PerfSampler::gone_cpus() const {
  if (!state_->enabled)
    return {};
  std::vector<perf::ListeningCpu> asked;
  for (const State::Part& part : state_->parts) {
    if (!part.place.cpu || part.place.tid)
      continue;
    asked.push_back({.cpu = *part.place.cpu, .time_enabled = [&part]() -> std::optional<std::uint64_t> {
                       const auto counts = perf::read_counts(part.event.get(), part.read_format);
                       return counts ? std::optional(counts->time_enabled) : std::nullopt;
                     }});
  }
  return perf::deaf_cpus(std::move(asked));
}

const ParseStats& PerfSampler::stats() const noexcept {
  return state_->stats;
}

}  // namespace fathom
