#include "base/alive.hpp"
#include "base/monotonic_now.hpp"

#include <fathom/base/error.hpp>
#include <fathom/bpf/array_map.hpp>
#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/bpf_object.hpp>
#include <fathom/bpf/hash_map.hpp>
#include <fathom/bpf/perf_event_program.hpp>
#include <fathom/bpf/raw_tracepoint.hpp>
#include <fathom/bpf/test_run.hpp>
#include <fathom/perf/perf_timer.hpp>
#include <fathom/profile/live_idle.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <fathom-bpf/cpu_idle.bpf.hpp>
#include <fstream>
#include <iterator>
#include <set>
#include <string_view>

namespace fathom {

namespace {

// Events of interrupts that are not there everywhere: those of x86, arch/x86/include/asm/trace/irq_vectors.h.
constexpr std::array<std::string_view, 8> kVectors = {"local_timer",          "reschedule",  "call_function",
                                                      "call_function_single", "irq_work",    "spurious_apic",
                                                      "x86_platform_ipi",     "thermal_apic"};

constexpr std::uint32_t kRunOnCpu = 1;  // BPF_F_TEST_RUN_ON_CPU

Duration duration(std::uint64_t nanoseconds) {
  return Duration{static_cast<std::int64_t>(nanoseconds)};
}

LoadedBpf load(const LiveIdleOptions& options) {
  if (options.max_tasks == 0)
    throw Error(std::errc::invalid_argument, "account for tasks with no room at all", {}, "max_tasks");
  BpfObject object = BpfObject::open(cpu_idle::object);
  object.map(cpu_idle::tasks.name).max_entries = options.max_tasks;
  for (const unsigned cpu : CpuSet::possible(options.sys).cpus())
    object.map(cpu_idle::hotplugs.name).max_entries = cpu + 1;
  return object.load();
}

ProcStat read_stat(const std::string& proc) {
  const std::string path = proc + "/stat";
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in && text.empty())
    throw Error(errno != 0 ? errno : ENOENT, "read", path);
  return parse_proc_stat(text);
}

CpuIdleTime sums_of(std::uint32_t cpu, const cpu_idle::cpu_times& times) {
  CpuIdleTime out{.cpu = cpu, .from = {times.from}, .to = {times.to}};
  out.idle = duration(times.idle);
  out.busy = duration(times.busy);
  out.interrupts_in_idle = duration(times.interrupts_in_idle);
  out.interrupts_in_busy = duration(times.interrupts_in_busy);
  out.hard_interrupts = duration(times.hard_interrupts);
  out.idle_periods = times.idle_periods;
  out.has_interrupts = times.interrupts != 0;
  for (std::uint32_t state = 0; state < std::size(times.states); ++state) {
    if (times.entries[state] != 0 || times.states[state] != 0)
      out.states.push_back({.state = state, .time = duration(times.states[state]), .entries = times.entries[state]});
  }
  return out;
}

// What was done from one look at a CPU to the next.
CpuIdleTime difference(const CpuIdleTime& before, const CpuIdleTime& after) {
  CpuIdleTime out = after;
  out.from = before.to;
  out.idle -= before.idle;
  out.busy -= before.busy;
  out.interrupts_in_idle -= before.interrupts_in_idle;
  out.interrupts_in_busy -= before.interrupts_in_busy;
  out.hard_interrupts -= before.hard_interrupts;
  out.idle_periods -= before.idle_periods;
  for (IdleStateTime& state : out.states) {
    const auto old = std::ranges::find(before.states, state.state, &IdleStateTime::state);
    if (old == before.states.end())
      continue;
    state.time -= old->time;
    state.entries -= old->entries;
  }
  out.unknown = out.to - out.from - out.idle - out.busy - out.interrupts_in_idle - out.interrupts_in_busy;
  return out;
}

}  // namespace

struct LiveIdle::State {
  explicit State(const LiveIdleOptions& wanted);

  void watch_interrupts();
  bool attach(std::string_view program, const std::string& event);
  void look(IdleSnapshot& out) const;
  [[nodiscard]] std::map<std::uint32_t, std::uint64_t> hotplugs() const;
  void start_timers();
  void follow_cpus();
  [[nodiscard]] PerfTimer timer(std::string_view program, std::uint64_t cpu_idle::cpu_samples::* count,
                                bool exclude_idle) const;

  LiveIdleOptions options;
  LoadedBpf bpf;
  std::vector<BpfLink> links;
  std::vector<std::string> interrupt_events;
  std::vector<PerfTimer> timers;
  std::map<std::uint32_t, std::uint64_t> known_hotplugs;  // when the timers were started
  Duration period{0};
  Duration tick;
};

LiveIdle::State::State(const LiveIdleOptions& wanted)
    : options(wanted),
      bpf(load(wanted)),
      tick(std::chrono::nanoseconds(std::chrono::seconds(1)) / ::sysconf(_SC_CLK_TCK)) {
  links.push_back(bpf.program<RawTracepoint>("on_hotplug").attach());
  if (options.idle_states)
    links.push_back(bpf.program<RawTracepoint>("on_cpu_idle").attach());
  if (options.interrupts)
    watch_interrupts();
  links.push_back(bpf.program<RawTracepoint>("on_switch").attach());
  if (options.sampling)
    start_timers();
  IdleSnapshot first;
  first.cpus = [&] {
    std::map<std::uint32_t, IdleSnapshot::Cpu> online;
    for (const unsigned cpu : CpuSet::online(options.sys).cpus())
      online[cpu];
    return online;
  }();
  look(first);
}

bool LiveIdle::State::attach(std::string_view program, const std::string& event) {
  try {
    links.push_back(bpf.program<RawTracepoint>(program).attach(event));
    return true;
  } catch (const BpfError& error) {
    if (error.code() != std::errc::no_such_file_or_directory)
      throw;
    return false;
  }
}

void LiveIdle::State::start_timers() {
  known_hotplugs = hotplugs();
  timers.clear();
  timers.push_back(timer("tick", &cpu_idle::cpu_samples::all, false));
  timers.push_back(timer("tick_busy", &cpu_idle::cpu_samples::busy, true));
  period = timers.front().period();
}

// PerfTimers look for CPUs that came once a second and only while they are drained: a window may begin before.
void LiveIdle::State::follow_cpus() {
  if (options.sampling && hotplugs() != known_hotplugs)
    start_timers();
  for (PerfTimer& timer : timers)
    static_cast<void>(timer.drain());
}

void LiveIdle::State::watch_interrupts() {
  links.push_back(bpf.program<RawTracepoint>("on_hard_exit").attach());
  links.push_back(bpf.program<RawTracepoint>("on_hard_entry").attach());
  links.push_back(bpf.program<RawTracepoint>("on_soft_exit").attach());
  links.push_back(bpf.program<RawTracepoint>("on_soft_entry").attach());
  interrupt_events = {"irq_handler", "softirq"};
  for (const std::string_view vector : kVectors) {
    const std::string name(vector);
    if (attach("on_hard_exit", name + "_exit") && attach("on_hard_entry", name + "_entry"))
      interrupt_events.push_back(name);
  }
}

PerfTimer LiveIdle::State::timer(std::string_view program, std::uint64_t cpu_idle::cpu_samples::* count,
                                 bool exclude_idle) const {
  return PerfTimer(bpf.program<PerfEventProgram>(program),
                   {.rate = *options.sampling,
                    .on = OnlineCpus{},
                    .exclude_idle = exclude_idle,
                    .counter =
                        [map = bpf.map(cpu_idle::samples), count] {
                          std::uint64_t sum = 0;
                          const auto counts = map.find(0);
                          for (const cpu_idle::cpu_samples& samples : counts->values())
                            sum += samples.*count;
                          return sum;
                        },
                    .sys = options.sys,
                    .proc = options.proc});
}

// Brings the sums of each CPU up to date, on that CPU, and reads them.
void LiveIdle::State::look(IdleSnapshot& out) const {
  const BpfProgram program = bpf.program("look");
  std::erase_if(out.cpus, [&](const auto& cpu) {
    try {
      return test_run(program, {.flags = kRunOnCpu, .cpu = cpu.first}).return_value != 0;
    } catch (const BpfError& error) {
      if (error.code() == std::errc::no_such_device_or_address)
        return true;  // it went
      throw;
    }
  });
  const std::vector<unsigned> places = CpuSet::possible(options.sys).cpus();
  const auto place_of = [&](std::uint32_t cpu) {
    return static_cast<std::size_t>(std::ranges::lower_bound(places, cpu) - places.begin());
  };
  const auto looked = bpf.map(cpu_idle::looked).find(0);
  const auto samples = bpf.map(cpu_idle::samples).find(0);
  for (auto& [number, cpu] : out.cpus) {
    const std::size_t place = place_of(number);
    if (place >= looked->size())
      continue;
    cpu.switches = sums_of(number, (*looked)[place]);
    cpu.ticks = (*samples)[place].all;
    cpu.busy_ticks = (*samples)[place].busy;
  }
}

std::map<std::uint32_t, std::uint64_t> LiveIdle::State::hotplugs() const {
  std::map<std::uint32_t, std::uint64_t> by_cpu;
  for (const auto& [cpu, steps] : bpf.map(cpu_idle::hotplugs).entries())
    by_cpu[cpu] = steps;
  return by_cpu;
}

LiveIdle::LiveIdle(const LiveIdleOptions& options) : state_(std::make_unique<State>(options)) {}
LiveIdle::LiveIdle(LiveIdle&&) noexcept = default;
LiveIdle& LiveIdle::operator=(LiveIdle&&) noexcept = default;
LiveIdle::~LiveIdle() = default;

IdleSnapshot LiveIdle::take() {
  State& state = alive(state_);
  state.follow_cpus();
  IdleSnapshot out;
  const auto hotplugs = state.hotplugs();
  const ProcStat stat = read_stat(state.options.proc);
  out.time = monotonic_now();
  for (const CpuTicks& ticks : stat.cpus)
    out.cpus[ticks.cpu.value_or(0)].stat = ticks;
  state.look(out);
  const auto tasks = state.bpf.map(cpu_idle::tasks);
  std::vector<MapEntry<cpu_idle::cpu_task, cpu_idle::task_time>> entries;
  for (const auto& entry : tasks.entries())
    entries.push_back(entry);
  std::set<std::uint32_t> ended;
  for (const auto& [key, task] : entries) {
    if (task.ended != 0)
      ended.insert(key.pid);
  }
  for (const auto& [key, task] : entries) {
    // Told of this once, it makes room.
    if (ended.contains(key.pid))
      tasks.erase(key);
    const auto cpu = out.cpus.find(key.cpu);
    if (cpu == out.cpus.end())
      continue;
    const auto pid = static_cast<std::int32_t>(key.pid);
    cpu->second.tasks[pid] = {pid, {std::begin(task.comm), std::ranges::find(task.comm, '\0')}, duration(task.time)};
  }
  out.unnamed = duration(state.bpf.variable(cpu_idle::tasks_full).load());
  // One that goes or comes just now belongs to neither side.
  for (const auto& [cpu, steps] : state.hotplugs()) {
    const auto known = out.cpus.find(cpu);
    if (known == out.cpus.end())
      continue;
    known->second.hotplugs = steps;
    if (hotplugs.at(cpu) != steps)
      out.cpus.erase(known);
  }
  return out;
}

std::vector<LiveCpuIdle> LiveIdle::between(const IdleSnapshot& earlier, const IdleSnapshot& later) const {
  if (later.time < earlier.time)
    throw Error(std::errc::invalid_argument, "compare two looks at the CPUs", {}, "the earlier one comes first");
  const State& state = alive(state_);
  std::vector<LiveCpuIdle> out;
  std::map<std::uint32_t, std::pair<const IdleSnapshot::Cpu*, const IdleSnapshot::Cpu*>> all;
  for (const auto& [number, cpu] : earlier.cpus)
    all[number].first = &cpu;
  for (const auto& [number, cpu] : later.cpus)
    all[number].second = &cpu;
  for (const auto& [number, ends] : all) {
    const auto [before, after] = ends;
    LiveCpuIdle one{.cpu = number, .window = later.time - earlier.time, .tick = state.tick};
    one.was_down = before == nullptr || after == nullptr || before->hotplugs != after->hotplugs;
    if (one.was_down) {
      out.push_back(one);
      continue;
    }
    if (before->stat && after->stat)
      one.stat = after->stat->since(*before->stat);
    if (state.period > Duration::zero())
      one.slots = static_cast<std::uint64_t>(one.window / state.period);
    one.ticks = after->ticks - before->ticks;
    one.busy_ticks = after->busy_ticks - before->busy_ticks;
    if (before->switches && after->switches) {
      one.switches = difference(*before->switches, *after->switches);
      for (const auto& [pid, task] : after->tasks) {
        const auto old = before->tasks.find(pid);
        const Duration time = task.time - (old == before->tasks.end() ? Duration{0} : old->second.time);
        if (time > Duration::zero())
          one.switches->tasks.push_back({pid, task.comm, time});
      }
      std::ranges::sort(one.switches->tasks, std::ranges::greater{}, &TaskTime::time);
    }
    out.push_back(std::move(one));
  }
  return out;
}

const std::vector<std::string>& LiveIdle::interrupt_events() const {
  return alive(state_).interrupt_events;
}

namespace {

template <class Number>
std::optional<double> share(Number part, Number whole) {
  if (whole <= Number{0})
    return std::nullopt;
  return std::clamp(static_cast<double>(part) / static_cast<double>(whole), 0.0, 1.0);
}

}  // namespace

std::optional<double> LiveCpuIdle::by_switches() const noexcept {
  if (!switches || switches->unknown * 100 > switches->to - switches->from)
    return std::nullopt;
  return share(switches->swapper().count(), (switches->to - switches->from).count());
}

std::optional<double> LiveCpuIdle::by_samples() const noexcept {
  if (ticks * 10 < slots * 9)
    return std::nullopt;
  return share(ticks - std::min(busy_ticks, ticks), ticks);
}

std::optional<double> LiveCpuIdle::by_stat() const noexcept {
  if (!stat)
    return std::nullopt;
  const std::uint64_t ticks_idle = stat->idle + stat->iowait;
  return share(static_cast<std::int64_t>(ticks_idle) * tick.count(), window.count());
}

}  // namespace fathom
