#include <fathom/sched/idle_accounting.hpp>

#include <algorithm>
#include <limits>
#include <tuple>

namespace fathom {

namespace {

Timestamp at(std::uint64_t time) noexcept {
  return Timestamp{time};
}

// The parts of a window are disjoint, so where its length is a Duration, so is every sum of them.
constexpr Duration kLongestWindow{std::numeric_limits<Duration::rep>::max()};

Timestamp end_of_window(Timestamp from, Timestamp to) noexcept {
  if (to <= from)
    return from;
  const bool fits = to.nanoseconds - from.nanoseconds <= static_cast<std::uint64_t>(kLongestWindow.count());
  return fits ? to : from + kLongestWindow;
}

}  // namespace

// Takes an event of a CPU in, and gives that CPU; null if the event is not to be used.
IdleAccounting::Cpu* IdleAccounting::take(std::uint32_t number, Timestamp time) {
  ++stats_.events;
  if (number > kMaxCpu) {
    ++stats_.refused_cpus;
    return nullptr;
  }
  Cpu& cpu = cpus_[number];
  if (cpu.seen && time.nanoseconds < cpu.last) {
    ++stats_.out_of_order;
    lose(cpu);
    return nullptr;
  }
  return &cpu;
}

// Whether it was, at any time between these.
bool IdleAccounting::was_down(const Cpu& cpu, std::uint64_t from, std::uint64_t to) noexcept {
  const auto first = std::ranges::lower_bound(cpu.absent, from);
  return first != cpu.absent.end() && *first < to;
}

// The event says what the CPU did before it: so it did since the record began, if this is the first; if it contradicts
// what is known, that was wrong since the last time that it was confirmed.
void IdleAccounting::tell(Cpu& cpu, Timestamp time, const Span& before) {
  if (!cpu.seen) {
    if (!cpu.lost)
      cpu.before = before;
  } else if (was_down(cpu, cpu.last, time.nanoseconds)) {
    if (!cpu.lost)
      forget_since(cpu, cpu.last, Known::no);
    cpu.now = {};
    cpu.hard = cpu.soft = 0;
  } else if (before.known == Known::yes && cpu.now.known == Known::yes && cpu.now.pid != before.pid) {
    ++stats_.contradictions;
    forget_since(cpu, cpu.confirmed, Known::no);
    cpu.now.known = Known::no;
  }
  if (cpu.now.known != Known::yes && before.known == Known::yes)
    cpu.now = before;
  if (before.known == Known::yes)
    cpu.confirmed = time.nanoseconds;
  cpu.seen = true;
  cpu.lost = false;
  cpu.last = time.nanoseconds;
}

// From now on the CPU does what `now` says.
void IdleAccounting::push(Cpu& cpu, Timestamp time) {
  cpu.now.start = time.nanoseconds;
  const auto what = [](const Span& span) { return std::tie(span.pid, span.idle_state, span.context, span.known); };
  if (!cpu.spans.empty()) {
    Span& back = cpu.spans.back();
    if (what(back) == what(cpu.now))
      return;
    if (back.start == cpu.now.start) {
      back = cpu.now;
      return;
    }
  }
  cpu.spans.push_back(cpu.now);
  trim(cpu);
}

// Each span that was added may be one too many.
void IdleAccounting::trim(Cpu& cpu) {
  while (cpu.spans.size() > std::max<std::size_t>(options_.spans_per_cpu, 1)) {
    cpu.spans.pop_front();
    cpu.before.known = Known::lost;
    ++stats_.forgotten;
  }
}

void IdleAccounting::forget_since(Cpu& cpu, std::uint64_t time, Known as) {
  const auto first = std::ranges::lower_bound(cpu.spans, time, {}, &Span::start);
  const auto forget = [as](Span& span) {
    if (as == Known::lost || span.known != Known::lost)
      span.known = as;
  };
  std::for_each(first, cpu.spans.end(), forget);
  if (first == cpu.spans.end() || first->start != time)
    cpu.spans.insert(first, Span{.start = time, .known = as});
  trim(cpu);
}

void IdleAccounting::lose(Cpu& cpu) {
  if (!cpu.seen)
    cpu.before.known = Known::lost;
  else if (!cpu.lost)
    forget_since(cpu, cpu.last, Known::lost);
  cpu.lost = true;
  cpu.now = {};
  cpu.hard = cpu.soft = 0;
}

void IdleAccounting::name(const Task& task) {
  if (task.comm.empty() || task.comm == "<...>")
    return;
  const auto known = names_.find(task.pid);
  if (known == names_.end()) {
    if (names_.size() < options_.names)
      names_.emplace(task.pid, task.comm);
  } else if (known->second != task.comm) {
    known->second = task.comm;
  }
}

void IdleAccounting::on(const SchedSwitch& event) {
  Cpu* const cpu = take(event.cpu, event.time);
  if (cpu == nullptr)
    return;
  name(event.prev);
  name(event.next);
  tell(*cpu, event.time, {.pid = event.prev.pid, .known = Known::yes});
  // Of PREEMPT_RT a softirq may be left by a switch; then its rest counts as its task's.
  cpu->hard = cpu->soft = 0;
  cpu->now = {.pid = event.next.pid, .known = Known::yes};
  push(*cpu, event.time);
}

void IdleAccounting::on(const InterruptMark& event) {
  Cpu* const cpu = take(event.cpu, event.time);
  if (cpu == nullptr)
    return;
  const bool sure = cpu->seen && !cpu->lost;
  const Context kind = event.kind == InterruptKind::hard ? Context::hard : Context::soft;
  tell(*cpu, event.time,
       {.pid = event.interrupted_pid.value_or(0),
        .context = event.entering ? Context::none : kind,
        .known = event.interrupted_pid ? Known::yes : Known::no});
  cpu->has_interrupts = true;
  std::uint32_t& depth = event.kind == InterruptKind::hard ? cpu->hard : cpu->soft;
  if (event.entering)
    ++depth;
  else if (depth > 0)
    --depth;
  else if (sure)
    ++stats_.unmatched;
  cpu->now.context = cpu->hard > 0 ? Context::hard : cpu->soft > 0 ? Context::soft : Context::none;
  push(*cpu, event.time);
}

void IdleAccounting::on(const CpuIdleMark& event) {
  Cpu* const cpu = take(event.cpu, event.time);
  if (cpu == nullptr)
    return;
  // Only swapper lets a CPU sleep.
  tell(*cpu, event.time, {.pid = 0, .known = Known::yes});
  cpu->now.idle_state = event.state && *event.state < kAwake ? static_cast<std::uint16_t>(*event.state) : kAwake;
  push(*cpu, event.time);
}

void IdleAccounting::on(const TaskSighting& event) {
  Cpu* const cpu = take(event.cpu, event.time);
  if (cpu == nullptr)
    return;
  tell(*cpu, event.time, {.pid = event.pid, .known = Known::yes});
  push(*cpu, event.time);
}

void IdleAccounting::on(const CpuAbsence& event) {
  ++stats_.events;
  if (event.cpu > kMaxCpu) {
    ++stats_.refused_cpus;
    return;
  }
  std::deque<std::uint64_t>& absent = cpus_[event.cpu].absent;
  const auto place = std::ranges::lower_bound(absent, event.time.nanoseconds);
  if (place != absent.end() && *place == event.time.nanoseconds)
    return;
  absent.insert(place, event.time.nanoseconds);
  if (absent.size() > std::max<std::size_t>(options_.spans_per_cpu, 1)) {
    absent.pop_front();
    ++stats_.forgotten;
  }
}

void IdleAccounting::on(const Loss& event) {
  ++stats_.losses;
  if (!event.cpu) {
    for (auto& [number, cpu] : cpus_)
      lose(cpu);
  } else if (*event.cpu > kMaxCpu) {
    ++stats_.refused_cpus;
  } else {
    lose(cpus_[*event.cpu]);
  }
}

void IdleAccounting::recorded_throughout() noexcept {
  from_ = begin();
  to_ = end();
}

std::vector<std::uint32_t> IdleAccounting::cpus() const {
  std::vector<std::uint32_t> out;
  for (const auto& [number, cpu] : cpus_) {
    if (cpu.seen)
      out.push_back(number);
  }
  return out;
}

std::size_t IdleAccounting::spans(std::uint32_t number) const noexcept {
  const auto found = cpus_.find(number);
  return found == cpus_.end() ? 0 : found->second.spans.size();
}

Timestamp IdleAccounting::begin() const noexcept {
  if (from_)
    return *from_;
  std::optional<Timestamp> first;
  for (const auto& [number, cpu] : cpus_) {
    if (!cpu.spans.empty() && (!first || cpu.spans.front().start < first->nanoseconds))
      first = at(cpu.spans.front().start);
  }
  return first.value_or(Timestamp{});
}

Timestamp IdleAccounting::end() const noexcept {
  Timestamp end = to_.value_or(Timestamp{});
  for (const auto& [number, cpu] : cpus_)
    end = std::max(end, at(cpu.last));
  return end;
}

// Adds the spans of a window up.
struct IdleAccounting::Sum {
  CpuIdleTime& out;
  const Cpu& cpu;
  std::unordered_map<std::int32_t, Duration> tasks{};
  std::map<std::uint32_t, IdleStateTime> states{};
  Span last{};

  // `span`, from then to then, cut to the window; `last` is the one before it.
  void add(Span span, std::uint64_t from, std::uint64_t to) {
    const bool offline = span.known != Known::lost && was_down(cpu, from, to);
    if (offline)
      span.known = Known::no;
    const bool known = span.known == Known::yes;
    const bool begins = span.start >= out.from.nanoseconds && span.start < out.to.nanoseconds;
    const bool was_idle = last.known == Known::yes && last.pid == 0;
    if (begins && known && span.pid == 0 && !was_idle)
      ++out.idle_periods;
    if (begins && known && span.idle_state != kAwake && span.idle_state != last.idle_state)
      ++states[span.idle_state].entries;
    last = span;
    from = std::max(from, out.from.nanoseconds);
    to = std::min(to, out.to.nanoseconds);
    if (from >= to)
      return;
    const Duration time = at(to) - at(from);
    if (!known) {
      (offline ? out.offline : out.unknown) += time;
      return;
    }
    if (span.context != Context::none) {
      (span.pid == 0 ? out.interrupts_in_idle : out.interrupts_in_busy) += time;
      if (span.context == Context::hard)
        out.hard_interrupts += time;
      return;
    }
    if (span.pid != 0) {
      out.busy += time;
      tasks[span.pid] += time;
      return;
    }
    out.idle += time;
    if (span.idle_state != kAwake)
      states[span.idle_state].time += time;
  }
};

CpuIdleTime IdleAccounting::window(std::uint32_t number, Timestamp from, Timestamp to) const {
  CpuIdleTime out{.cpu = number, .from = from, .to = end_of_window(from, to)};
  const auto found = cpus_.find(number);
  if (found == cpus_.end() || found->second.spans.empty()) {
    out.unknown = out.to - out.from;
    return out;
  }
  const Cpu& cpu = found->second;
  out.has_interrupts = cpu.has_interrupts;
  Sum sum{.out = out, .cpu = cpu};
  const std::uint64_t first = cpu.spans.front().start;
  const std::uint64_t end = std::max(cpu.last, to_.value_or(Timestamp{}).nanoseconds);
  std::uint64_t covered = first;
  if (from_ && from_->nanoseconds < first) {
    Span before = cpu.before;
    before.start = covered = from_->nanoseconds;
    sum.add(before, covered, first);
  }
  // The span that the window begins in, and the one before that, which tells whether it begins something.
  auto span = std::ranges::upper_bound(cpu.spans, from.nanoseconds, {}, &Span::start);
  for (int back = 0; back < 2 && span != cpu.spans.begin(); ++back)
    --span;
  for (; span != cpu.spans.end() && span->start < out.to.nanoseconds; ++span) {
    const auto next = std::next(span);
    sum.add(*span, span->start, next == cpu.spans.end() ? end : next->start);
  }
  // What lies outside of the record.
  if (out.from.nanoseconds < covered)
    out.unknown += at(std::min(covered, out.to.nanoseconds)) - out.from;
  if (out.to.nanoseconds > end)
    out.unknown += out.to - at(std::max(end, out.from.nanoseconds));

  for (const auto& [pid, time] : sum.tasks) {
    const auto comm = names_.find(pid);
    out.tasks.push_back({pid, comm == names_.end() ? std::string() : comm->second, time});
  }
  std::ranges::sort(out.tasks, [](const TaskTime& a, const TaskTime& b) {
    return a.time != b.time ? a.time > b.time : a.pid < b.pid;
  });
  for (auto& [state, time] : sum.states) {
    time.state = state;
    out.states.push_back(time);
  }
  return out;
}

}  // namespace fathom
