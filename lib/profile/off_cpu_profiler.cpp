#include "base/alive.hpp"
#include "base/monotonic_now.hpp"
#include "first_stop.hpp"
#include "kernel_values.hpp"
#include "pid_namespace.hpp"
#include "process_of.hpp"
#include "process_tracker.hpp"
#include "user_frames.hpp"

#include <fathom/base/error.hpp>
#include <fathom/bpf/bpf_object.hpp>
#include <fathom/bpf/btf_tracepoint.hpp>
#include <fathom/bpf/cgroup.hpp>
#include <fathom/bpf/hash_map.hpp>
#include <fathom/btf/btf.hpp>
#include <fathom/profile/off_cpu_profiler.hpp>
#include <fathom/sched/task_state_decoder.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <compare>
#include <fathom-bpf/off_cpu.bpf.hpp>
#include <iterator>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace fathom {

namespace {

LoadedBpf load(const OffCpuOptions& options, Timestamp now) {
  BpfObject object = BpfObject::open(off_cpu::object);
  object.map(off_cpu::threads.name).max_entries = options.max_threads;
  object.map(off_cpu::totals.name).max_entries = options.max_entries;
  object.map(off_cpu::stacks.name).max_entries = options.max_stacks;
  object.map(off_cpu::processes.name).max_entries = options.max_processes;
  object.variable(off_cpu::everybody.name).set(!options.pid);
  if (!options.cgroup.empty())
    object.variable(off_cpu::cgroup.name).set(Cgroup(options.cgroup).id());
  object.variable(off_cpu::follow.name).set(options.follow_children);
  object.variable(off_cpu::kernel_stacks.name).set(options.kernel_stacks);
  object.variable(off_cpu::user_stacks.name).set(options.user_stacks);
  object.variable(off_cpu::stack_depth.name).set(profile::stack_depth(options.proc));
  object.variable(off_cpu::pid_namespace.name).set(profile::own_pid_namespace(options.proc));
  object.variable(off_cpu::began_at.name).set(now.nanoseconds);
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
  if (options.pid && !options.cgroup.empty())
    throw Error(std::errc::invalid_argument, "profile a process and a cgroup", options.cgroup, "give one of them");
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

// Whose stack it is: the same addresses are of other files in another program.
struct Whose {
  std::uint32_t pid;
  std::uint32_t exec_id;
  std::uint64_t stack;

  explicit Whose(const off_cpu::off_cpu_key& key) : pid(key.pid), exec_id(key.exec_id), stack(key.stack) {}
  friend auto operator<=>(const Whose&, const Whose&) = default;
};

// The parts of a stack, of which the kernel's comes first.
std::span<const std::uint64_t> kernel_part(const off_cpu::stack_addresses& stack) {
  const std::span<const std::uint64_t> addresses(stack.addresses);
  return addresses.first(std::min<std::size_t>(stack.kernel, addresses.size()));
}
std::span<const std::uint64_t> user_part(const off_cpu::stack_addresses& stack) {
  const auto rest = std::span<const std::uint64_t>(stack.addresses).subspan(kernel_part(stack).size());
  return rest.first(std::min<std::size_t>(stack.user, rest.size()));
}

}  // namespace

struct OffCpuProfiler::State {
  explicit State(const OffCpuOptions& wanted);

  [[nodiscard]] std::vector<Told> read() const;
  [[nodiscard]] std::vector<Told> read_open() const;
  void drain();
  void look_up(const std::vector<Told>& all, Timestamp until);
  [[nodiscard]] std::vector<ProfileEntry> entries(const std::vector<Told>& all) const;
  void count(ProfileCounts& counts) const;

  OffCpuOptions options;
  LoadedBpf bpf;  // first, since it needs the most rights: who has none is told of CAP_BPF
  profile::ProcessTracker tracker;
  Timestamp begin;
  Timestamp end;
  bool stopped = false;
  std::vector<BpfLink> links;
  profile::UserFrames frames;
  std::map<Whose, std::vector<UserFrame>> known;  // user parts of stacks that the kernel's side has
  std::size_t look_up_at;                         // so many records of the tracker
};

OffCpuProfiler::State::State(const OffCpuOptions& wanted)
    : options(wanted),
      bpf(load(wanted, monotonic_now())),
      tracker({.ring_pages = wanted.mapping_ring_pages, .proc = wanted.proc, .sys = wanted.sys}),
      look_up_at(wanted.max_mappings) {
  if (options.pid) {
    const auto pid = static_cast<std::uint32_t>(*options.pid);
    if (const std::uint32_t process = profile::process_of(*options.pid, options.proc); process != pid)
      throw Error(std::errc::invalid_argument, "profile process " + std::to_string(pid), {},
                  "this is a thread of process " + std::to_string(process));
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
  begin = monotonic_now();
}

// By time. What is open is read first: an interval that ends meanwhile is in the sums, which are read then.
std::vector<Told> OffCpuProfiler::State::read() const {
  std::vector<Told> all = read_open();
  for (const auto& [key, total] : bpf.map(off_cpu::totals).entries())
    all.push_back({.time = total.last, .key = key, .total = total, .unfinished = false});
  std::ranges::sort(all, {}, &Told::time);
  return all;
}

std::vector<Told> OffCpuProfiler::State::read_open() const {
  std::vector<Told> all;
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
  return all;
}

// What processes mapped is only kept until the stacks so far have their files, so that it takes bounded memory.
void OffCpuProfiler::State::drain() {
  const Timestamp now = monotonic_now();
  tracker.drain();
  if (tracker.pending() < look_up_at)
    return;
  const std::vector<Told> all = read();
  look_up(all, now);
  tracker.advance(now);
  look_up_at = std::max(options.max_mappings, 2 * all.size());  // reading them costs no more than the records did
}

// Files of the user parts of stacks, of those from before `until`, up to which the tracker is drained. A stack that is
// known is not looked up again: its process may be gone by now.
void OffCpuProfiler::State::look_up(const std::vector<Told>& all, Timestamp until) {
  const auto stacks = bpf.map(off_cpu::stacks);
  std::map<Whose, std::vector<UserFrame>> kept;
  for (const Told& told : all) {
    const Whose whose(told.key);
    if (auto node = known.extract(whose)) {
      kept.insert(std::move(node));
    } else if (told.time <= until.nanoseconds && !kept.contains(whose)) {
      const auto stack = stacks.find(told.key.stack).value_or(off_cpu::stack_addresses{});
      tracker.advance({told.time});
      kept.emplace(whose, frames.resolve(told.key.pid, user_part(stack), tracker));
    }
  }
  known = std::move(kept);
}

std::vector<ProfileEntry> OffCpuProfiler::State::entries(const std::vector<Told>& all) const {
  std::vector<ProfileEntry> out;
  out.reserve(all.size());
  const auto stacks = bpf.map(off_cpu::stacks);
  std::unordered_map<std::uint64_t, std::vector<std::uint64_t>> kernel;
  for (const Told& told : all) {
    auto part = kernel.find(told.key.stack);
    if (part == kernel.end()) {
      const auto stack = stacks.find(told.key.stack).value_or(off_cpu::stack_addresses{});
      const auto addresses = kernel_part(stack);
      part = kernel.emplace(told.key.stack, std::vector(addresses.begin(), addresses.end())).first;
    }
    const std::string_view comm = profile::text_of(told.total.comm);
    out.push_back({.task = {.pid = told.key.pid, .tid = told.key.tid, .comm = std::string(comm)},
                   .kernel = part->second,
                   .user = known.at(Whose(told.key)),
                   .count = told.total.count,
                   .time = Duration(told.total.time),
                   .waiting = Duration(told.total.waiting),
                   .state = OffCpuState{.raw = {told.key.state}, .preempted = told.key.preempted != 0},
                   .unfinished = told.unfinished});
  }
  return out;
}

void OffCpuProfiler::State::count(ProfileCounts& counts) const {
  counts.seen = bpf.variable(off_cpu::intervals).load();
  counts.untold = bpf.variable(off_cpu::ends_missed).load();
  counts.lost = bpf.variable(off_cpu::threads_full).load() + counts.untold;
  counts.no_room = bpf.variable(off_cpu::totals_full).load();
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
  alive(state_).drain();
}

int OffCpuProfiler::native_handle() const noexcept {
  return state_ ? state_->tracker.native_handle() : -1;
}

Profile OffCpuProfiler::stop() {
  State& state = alive(state_);
  profile::check_first_stop(state.stopped);
  state.bpf.variable(off_cpu::running).store(false);
  state.end = monotonic_now();
  state.links.clear();
  state.tracker.drain();

  const std::vector<Told> all = state.read();
  state.look_up(all, monotonic_now());
  Profile result;
  result.kind = ProfileKind::off_cpu;
  result.begin = state.begin;
  result.end = state.end;
  result.entries = state.entries(all);
  result.files = state.frames.take_files();
  for (const ProfileEntry& entry : result.entries)
    result.counts.samples += entry.count;
  state.count(result.counts);
  return result;
}

}  // namespace fathom
