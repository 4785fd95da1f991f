#include "kernel_values.hpp"
#include "pid_namespace.hpp"
#include "process_tracker.hpp"
#include "profile_builder.hpp"

#include <fathom/base/error.hpp>
#include <fathom/bpf/bpf_object.hpp>
#include <fathom/bpf/btf_tracepoint.hpp>
#include <fathom/bpf/hash_map.hpp>
#include <fathom/btf/btf.hpp>
#include <fathom/profile/off_cpu_profiler.hpp>
#include <fathom/sched/task_state_decoder.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fathom-bpf/off_cpu.bpf.hpp>
#include <iterator>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace fathom {

namespace {

LoadedBpf load(const OffCpuOptions& options, Timestamp begin) {
  BpfObject object = BpfObject::open(off_cpu::object);
  object.map(off_cpu::threads.name).max_entries = options.max_threads;
  object.map(off_cpu::totals.name).max_entries = options.max_entries;
  object.map(off_cpu::stacks.name).max_entries = options.max_stacks;
  object.map(off_cpu::processes.name).max_entries = options.max_processes;
  object.variable(off_cpu::everybody.name).set(!options.pid);
  object.variable(off_cpu::follow.name).set(options.follow_children);
  object.variable(off_cpu::kernel_stacks.name).set(options.kernel_stacks);
  object.variable(off_cpu::user_stacks.name).set(options.user_stacks);
  object.variable(off_cpu::stack_depth.name).set(profile::stack_depth(options.proc));
  object.variable(off_cpu::pid_namespace.name).set(profile::own_pid_namespace(options.proc));
  object.variable(off_cpu::began_at.name).set(begin.nanoseconds);
  const Btf btf = Btf::load();
  object.variable(off_cpu::tells_state.name)
      .set(TaskStateDecoder({.btf = &btf}).tracepoint_arguments().value_or(0) >= 4);
  return object.load();
}

void check(const OffCpuOptions& options) {
  const std::array<std::pair<std::uint32_t, std::string_view>, 4> sizes{{{options.max_stacks, "max_stacks"},
                                                                         {options.max_threads, "max_threads"},
                                                                         {options.max_entries, "max_entries"},
                                                                         {options.max_processes, "max_processes"}}};
  for (const auto& [size, name] : sizes) {
    if (size == 0)
      throw Error(std::errc::invalid_argument, "profile time off CPU with no room at all", {}, name);
  }
  if (options.pid && *options.pid <= 0)
    throw Error(std::errc::invalid_argument, "profile process " + std::to_string(*options.pid));
}

// An interval as it is told, and when it began.
struct Told {
  std::uint64_t time;
  off_cpu::off_cpu_key key;
  off_cpu::off_cpu_total total;
  bool unfinished;
};

}  // namespace

struct OffCpuProfiler::State {
  explicit State(const OffCpuOptions& wanted);

  [[nodiscard]] std::vector<Told> read_totals() const;
  void add_open(std::vector<Told>& all) const;
  void count(ProfileCounts& counts) const;

  OffCpuOptions options;
  profile::ProcessTracker tracker;
  Timestamp begin;
  Timestamp end;
  LoadedBpf bpf;
  std::vector<BpfLink> links;
};

OffCpuProfiler::State::State(const OffCpuOptions& wanted)
    : options(wanted),
      tracker({.ring_pages = wanted.mapping_ring_pages, .proc = wanted.proc, .sys = wanted.sys}),
      begin(profile::now()),
      bpf(load(wanted, begin)) {
  if (options.pid) {
    const auto pid = static_cast<std::uint32_t>(*options.pid);
    tracker.load(pid);
    if (profile::own_pid_namespace(options.proc) == 0)
      bpf.map(off_cpu::processes).insert(pid, 1U);
    else
      bpf.variable(off_cpu::asked).store(pid);  // its number in the initial one is not known here
  } else if (options.user_stacks) {
    tracker.load_all();
  }
  for (const BpfProgram& program : bpf.programs())
    links.push_back(BtfTracepoint(program).attach());
  bpf.variable(off_cpu::running).store(true);
}

std::vector<Told> OffCpuProfiler::State::read_totals() const {
  std::vector<Told> all;
  for (const auto& [key, total] : bpf.map(off_cpu::totals).entries())
    all.push_back({.time = total.last, .key = key, .total = total, .unfinished = false});
  return all;
}

void OffCpuProfiler::State::add_open(std::vector<Told>& all) const {
  for (const auto& [tid, thread] : bpf.map(off_cpu::threads).entries()) {
    if (thread.since == 0)
      continue;
    const auto time_since = [&](std::uint64_t since) {
      return end.nanoseconds > since ? end.nanoseconds - since : std::uint64_t{0};
    };
    Told open{.time = thread.since, .key = thread.key, .total = {}, .unfinished = true};
    open.total.time = time_since(thread.since);
    open.total.waiting = thread.woken == 0 ? 0 : time_since(thread.woken);
    open.total.count = 1;
    std::ranges::copy(thread.comm, std::begin(open.total.comm));
    all.push_back(open);
  }
}

void OffCpuProfiler::State::count(ProfileCounts& counts) const {
  counts.seen = bpf.variable(off_cpu::intervals).load();
  counts.lost = bpf.variable(off_cpu::threads_full).load() + bpf.variable(off_cpu::ends_missed).load();
  counts.no_room += bpf.variable(off_cpu::totals_full).load();
  counts.stacks_cut = bpf.variable(off_cpu::stacks_cut).load();
  counts.stacks_missing = bpf.variable(off_cpu::stacks_full).load();
  counts.user_stacks_missing = bpf.variable(off_cpu::user_stacks_missing).load();
  counts.began_before = bpf.variable(off_cpu::began_before).load();
  counts.children_missing = bpf.variable(off_cpu::processes_full).load();
  counts.mappings_lost = tracker.lost();
}

OffCpuProfiler::OffCpuProfiler(const OffCpuOptions& options) {
  check(options);
  state_ = std::make_unique<State>(options);
}
OffCpuProfiler::OffCpuProfiler(OffCpuProfiler&& other) noexcept = default;
OffCpuProfiler& OffCpuProfiler::operator=(OffCpuProfiler&& other) noexcept = default;
OffCpuProfiler::~OffCpuProfiler() = default;

void OffCpuProfiler::drain() {
  state_->tracker.drain();
}

int OffCpuProfiler::native_handle() const noexcept {
  return state_->tracker.native_handle();
}

Profile OffCpuProfiler::stop() {
  State& state = *state_;
  state.bpf.variable(off_cpu::running).store(false);
  state.end = profile::now();
  state.links.clear();
  state.tracker.drain();

  std::vector<Told> all = state.read_totals();
  state.add_open(all);
  std::ranges::sort(all, {}, &Told::time);

  // Sums and open intervals are bounded in the kernel.
  profile::ProfileBuilder builder(all.size());
  const auto stacks = state.bpf.map(off_cpu::stacks);
  std::unordered_map<std::uint64_t, off_cpu::stack_addresses> known;
  for (const Told& told : all) {
    auto stack = known.find(told.key.stack);
    if (stack == known.end())
      stack = known.emplace(told.key.stack, stacks.find(told.key.stack).value_or(off_cpu::stack_addresses{})).first;
    const std::span<const std::uint64_t> addresses(stack->second.addresses);
    const std::size_t kernel = std::min<std::size_t>(stack->second.kernel, addresses.size());
    const std::size_t user = std::min<std::size_t>(stack->second.user, addresses.size() - kernel);
    state.tracker.advance({told.time});
    builder.add({.pid = told.key.pid,
                 .tid = told.key.tid,
                 .comm = profile::text_of(told.total.comm),
                 .kernel = addresses.first(kernel),
                 .user = addresses.subspan(kernel, user),
                 .count = told.total.count,
                 .time = Duration(told.total.time),
                 .waiting = Duration(told.total.waiting),
                 .state = OffCpuState{.raw = {told.key.state}, .preempted = told.key.preempted != 0},
                 .unfinished = told.unfinished},
                state.tracker);
  }
  Profile result = std::move(builder.profile());
  result.kind = ProfileKind::off_cpu;
  result.begin = state.begin;
  result.end = state.end;
  state.count(result.counts);
  return result;
}

}  // namespace fathom
