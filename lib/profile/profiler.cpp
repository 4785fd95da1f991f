#include "base/alive.hpp"
#include "base/monotonic_now.hpp"
#include "first_stop.hpp"
#include "kernel_values.hpp"
#include "pid_namespace.hpp"
#include "process_of.hpp"
#include "process_tracker.hpp"
#include "profile_builder.hpp"

#include <fathom/base/error.hpp>
#include <fathom/bpf/bpf_object.hpp>
#include <fathom/bpf/perf_event_program.hpp>
#include <fathom/perf/perf_timer.hpp>
#include <fathom/profile/profiler.hpp>

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fathom-bpf/on_cpu.bpf.hpp>
#include <limits>
#include <span>
#include <utility>
#include <variant>
#include <vector>

namespace fathom {

namespace {

using Bytes = std::span<const std::byte>;

// A sample that waits until it is sure what its process had mapped.
struct Sample {
  Timestamp time;
  std::uint32_t pid;
  std::uint32_t tid;
  std::array<char, 16> comm;
  std::size_t first;  // of its addresses in Samples::addresses
  std::size_t kernel;
  std::size_t user;
};

struct Samples {
  std::vector<Sample> all;
  std::vector<std::uint64_t> addresses;

  void add(Bytes record);
  void clear() noexcept {
    all.clear();
    addresses.clear();
  }
};

void Samples::add(Bytes record) {
  constexpr std::size_t kHead = offsetof(on_cpu::on_cpu_sample, stack) + offsetof(on_cpu::stack_addresses, addresses);
  on_cpu::on_cpu_sample sample{};
  std::memcpy(&sample, record.data(), std::min(record.size(), sizeof sample));
  const std::size_t room = record.size() < kHead ? 0 : (record.size() - kHead) / sizeof(std::uint64_t);
  const std::size_t kernel = std::min<std::size_t>(sample.stack.kernel, room);
  const std::size_t user = std::min<std::size_t>(sample.stack.user, room - kernel);
  Sample added{.time = {sample.time},
               .pid = sample.pid,
               .tid = sample.tid,
               .comm = {},
               .first = addresses.size(),
               .kernel = kernel,
               .user = user};
  std::copy_n(std::begin(sample.comm), added.comm.size(), added.comm.begin());
  const std::span<const std::uint64_t> stack(sample.stack.addresses);
  addresses.insert(addresses.end(), stack.begin(), stack.begin() + static_cast<std::ptrdiff_t>(kernel + user));
  all.push_back(added);
}

LoadedBpf load(const ProfilerOptions& options) {
  BpfObject object = BpfObject::open(on_cpu::object);
  object.map(on_cpu::samples.name).max_entries = static_cast<std::uint32_t>(options.ring_bytes);
  object.variable(on_cpu::wake_at.name).set(std::uint64_t{options.ring_bytes / 2});
  object.variable(on_cpu::with_idle.name).set(options.idle);
  object.variable(on_cpu::kernel_stacks.name).set(options.kernel_stacks);
  object.variable(on_cpu::user_stacks.name).set(options.user_stacks);
  object.variable(on_cpu::stack_depth.name).set(profile::stack_depth(options.proc));
  object.variable(on_cpu::pid_namespace.name).set(profile::own_pid_namespace(options.proc));
  return object.load();
}

void check(const ProfilerOptions& options) {
  if (!std::has_single_bit(options.ring_bytes) || options.ring_bytes < 4096 ||
      options.ring_bytes > std::numeric_limits<std::uint32_t>::max())
    throw Error(std::errc::invalid_argument, "make a ring of " + std::to_string(options.ring_bytes) + " bytes", {},
                "ring_bytes is a power of two, of 4096 at least");
}

}  // namespace

struct Profiler::State {
  explicit State(const ProfilerOptions& wanted);

  void load_mappings();
  void watch(int fd) const;
  void take(Samples& samples);
  [[nodiscard]] PerfTimer make_timer() const;
  void drain();

  ProfilerOptions options;
  UniqueFd epoll;
  LoadedBpf bpf;  // first, since it needs the most rights: who has none is told of CAP_BPF
  profile::ProcessTracker tracker;
  profile::ProfileBuilder builder;
  RingBuffer<Bytes> ring;
  Timestamp begin;
  PerfTimer timer;
  bool stopped = false;
  Timestamp drained;  // when the last drain() began: no earlier samples come
  Samples waiting;    // of the last drain()
  Samples fresh;
};

Profiler::State::State(const ProfilerOptions& wanted)
    : options(wanted),
      epoll(::epoll_create1(EPOLL_CLOEXEC)),
      bpf(load(wanted)),
      tracker({.ring_pages = wanted.mapping_ring_pages, .proc = wanted.proc, .sys = wanted.sys}),
      builder(wanted.max_entries),
      ring(bpf.ring_buffer<Bytes>(on_cpu::samples.name)),
      begin(monotonic_now()),
      timer(make_timer()) {
  if (!epoll)
    throw Error(errno, "create an epoll descriptor");
  if (options.user_stacks)
    load_mappings();
  for (const int fd : {ring.native_handle(), tracker.native_handle(), timer.native_handle()})
    watch(fd);
  begin = monotonic_now();
  timer.start();
}

PerfTimer Profiler::State::make_timer() const {
  const auto ticks = bpf.variable(on_cpu::ticks);
  return PerfTimer(bpf.program(on_cpu::on_tick), {.rate = options.rate,
                                                  .on = options.on,
                                                  .start = false,
                                                  .counter = [ticks] { return ticks.load(); },
                                                  .sys = options.sys,
                                                  .proc = options.proc});
}

void Profiler::State::load_mappings() {
  if (const auto* thread = std::get_if<PerfThread>(&options.on))
    tracker.load(profile::process_of(thread->tid, options.proc));
  else if (const auto* process = std::get_if<PerfProcess>(&options.on))
    tracker.load(static_cast<std::uint32_t>(process->pid));
  else
    tracker.load_all();
}

void Profiler::State::watch(int fd) const {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) != 0)
    throw Error(errno, "wait for samples");
}

void Profiler::State::take(Samples& samples) {
  std::ranges::stable_sort(samples.all, {}, &Sample::time);
  for (const Sample& sample : samples.all) {
    const auto addresses = std::span<const std::uint64_t>(samples.addresses).subspan(sample.first);
    tracker.advance(sample.time);
    builder.add({.pid = sample.pid,
                 .tid = sample.tid,
                 .comm = profile::text_of(sample.comm),
                 .kernel = addresses.first(sample.kernel),
                 .user = addresses.subspan(sample.kernel, sample.user)},
                timer.period(), tracker);
  }
  samples.clear();
}

void Profiler::State::drain() {
  static_cast<void>(timer.drain());  // joins CPUs that came
  const Timestamp now = monotonic_now();
  ring.consume([this](Bytes record) { fresh.add(record); });
  // What was mapped before a sample of the last call is surely read by now; for those of this one, by the next.
  tracker.drain();
  take(waiting);
  // Also where no samples come, lest what all processes of the machine map is kept for good.
  for (const Sample& sample : fresh.all)
    drained = std::min(drained, sample.time);
  tracker.advance(drained);
  drained = now;
  std::swap(waiting, fresh);
}

Profiler::Profiler(const ProfilerOptions& options) {
  check(options);
  state_ = std::make_unique<State>(options);
}
Profiler::Profiler(Profiler&& other) noexcept = default;
Profiler& Profiler::operator=(Profiler&& other) noexcept = default;
Profiler::~Profiler() = default;

void Profiler::drain() {
  alive(state_).drain();
}

int Profiler::native_handle() const noexcept {
  return state_ ? state_->epoll.get() : -1;
}

Profile Profiler::stop() {
  State& state = alive(state_);
  profile::check_first_stop(state.stopped);
  state.timer.stop();
  const Timestamp end = monotonic_now();
  state.drain();
  state.drain();

  Profile result = state.builder.take();
  result.kind = ProfileKind::on_cpu;
  result.period = state.timer.period();
  result.begin = state.begin;
  result.end = end;
  result.ticks = state.timer.ticks();
  result.counts.seen = state.bpf.variable(on_cpu::ticks).load();
  result.counts.idle = state.bpf.variable(on_cpu::idle_ticks).load();
  result.counts.lost = state.ring.lost().value_or(0);
  result.counts.stacks_cut = state.bpf.variable(on_cpu::stacks_cut).load();
  result.counts.user_stacks_missing = state.bpf.variable(on_cpu::user_stacks_missing).load();
  result.counts.mappings_lost = state.tracker.lost();
  return result;
}

}  // namespace fathom
