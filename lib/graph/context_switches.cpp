#include "nearest_rank.hpp"
#include "saturate.hpp"

#include <fathom/graph/context_switches.hpp>

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_map>

namespace fathom {

namespace {

// What can directly contain finish_task_switch() and consists of switching, in kernel/sched/core.c of Linux 4.4 to 7.3.
// __cond_resched() is among them since all that it does is to ask whether to schedule: preempt_schedule_common() below
// it is notrace.
constexpr std::array<std::string_view, 15> kSchedulers = {
    "schedule",
    "schedule_idle",
    "schedule_user",
    "schedule_preempt_disabled",
    "schedule_rtlock",
    "rt_mutex_schedule",
    "__schedule",
    "__schedule_loop",
    "preempt_schedule",
    "preempt_schedule_common",
    "preempt_schedule_irq",
    "preempt_schedule_notrace",
    "preempt_schedule_thunk",
    "__cond_resched",
    "_cond_resched",
};

enum class Role : std::uint8_t { other, scheduler, finish_task_switch, schedule_tail };

Role role_of(std::string_view name) noexcept {
  const std::string_view stem = name.substr(0, name.find('.'));  // the compiler's suffixes: `.isra.0`
  if (stem == "finish_task_switch")
    return Role::finish_task_switch;
  if (stem == "schedule_tail")
    return Role::schedule_tail;
  return std::ranges::find(kSchedulers, stem) != kSchedulers.end() ? Role::scheduler : Role::other;
}

// The roles of a forest's functions, found once and not for each call.
class Roles {
 public:
  explicit Roles(const FunctionTable& functions) {
    roles_.reserve(functions.size());
    for (std::uint32_t id = 0; id < functions.size(); ++id)
      roles_.push_back(functions[FunctionId{id}].module.empty() ? role_of(functions[FunctionId{id}].name)
                                                                : Role::other);
  }
  [[nodiscard]] Role operator[](const Call& call) const noexcept {
    return call.function() == FunctionId::unknown ? Role::other : roles_[static_cast<std::size_t>(call.function())];
  }

 private:
  std::vector<Role> roles_;
};

// When a call returned, if that can be told.
std::optional<Timestamp> end_of(const Call& call) noexcept {
  const std::optional<Timestamp> entry = call.entry_time();
  const std::optional<Duration> duration = call.duration();
  if (!entry || !duration)
    return std::nullopt;
  return *entry + *duration;
}

// The parts by durations alone: what the children took before the first finish_task_switch, and from there on.
void split_by_durations(ContextSwitch& result, const Roles& roles) {
  bool back = false;
  for (const Call child : result.call.children()) {
    back = back || roles[child] == Role::finish_task_switch;
    Duration& part = back ? result.after : result.before;
    part = detail::add(part, child.duration().value_or(Duration{0}));
  }
  result.off_cpu = detail::subtract(result.total, detail::add(result.before, result.after));
}

// The parts by entry times; leaves `result` as it is and says false where one is missing.
bool split_by_times(ContextSwitch& result, const Roles& roles) {
  if (!result.call.complete())
    return false;
  std::optional<Timestamp> last = result.call.entry_time();
  if (!last)
    return false;
  const Timestamp start = *last;
  std::optional<Duration> before;
  Duration off{0};
  for (const Call child : result.call.children()) {
    if (roles[child] == Role::finish_task_switch) {
      const std::optional<Timestamp> back = child.entry_time();
      if (!last || !back)
        return false;
      if (!before)
        before = *last - start;
      off = detail::add(off, *back - *last);
    }
    last = end_of(child);
  }
  result.basis = SwitchBasis::entry_times;
  result.before = before.value_or(Duration{0});
  result.off_cpu = off;
  result.after = detail::subtract(result.total, detail::add(result.before, off));
  return true;
}

std::uint32_t count_switches(const Call& call, const Roles& roles) {
  return static_cast<std::uint32_t>(
      std::ranges::count_if(call.children(), [&](const Call& c) { return roles[c] == Role::finish_task_switch; }));
}

}  // namespace

Duration part_of(const ContextSwitch& context_switch, SwitchPart part) noexcept {
  switch (part) {
    case SwitchPart::total:
      return context_switch.total;
    case SwitchPart::before:
      return context_switch.before;
    case SwitchPart::off_cpu:
      return context_switch.off_cpu;
    case SwitchPart::after:
      return context_switch.after;
    case SwitchPart::cost:
      return context_switch.cost();
  }
  return {};
}

ContextSwitches::ContextSwitches(const CallForest& forest, const SwitchSelection& selection) {
  const detail::CallStore& store = forest.store();
  const Roles roles{forest.functions()};
  std::unordered_map<std::uint32_t, std::uint32_t> next_tree;
  for (const detail::DepartureRecord& departure : store.departures)
    next_tree[departure.call] = departure.next_tree;

  for (const CallTree tree : forest.trees()) {
    const std::optional<Task> task = tree.task();
    if ((selection.pid && (!task || task->pid != *selection.pid)) || (tree.idle() && !selection.idle))
      continue;
    for (const Call call : tree.preorder()) {
      const Role role = roles[call];
      if (role == Role::other || (selection.cpu && call.cpu() != selection.cpu))
        continue;
      if (role == Role::finish_task_switch) {
        const std::optional<Call> parent = call.parent();
        const Role within = parent && !call.has(CallMark::parents_unknown) ? roles[*parent] : Role::other;
        first_runs_ += within == Role::schedule_tail ? 1U : 0U;
        unattributed_ += within == Role::other ? 1U : 0U;
        continue;
      }
      if (role != Role::scheduler)
        continue;
      ContextSwitch found{.call = call, .tree = tree, .next = {}, .switches = count_switches(call, roles)};
      if (found.switches == 0) {
        without_switch_ += call.complete() ? 1U : 0U;
        continue;
      }
      if (!call.duration()) {
        ++unfinished_;
        continue;
      }
      found.total = *call.duration();
      if (!split_by_times(found, roles))
        split_by_durations(found, roles);
      if (const auto at = next_tree.find(call.index()); at != next_tree.end())
        found.next = CallTree{store, at->second};
      switches_.push_back(found);
    }
  }
}

SwitchSummary ContextSwitches::summary(SwitchPart part) const {
  SwitchSummary result;
  if (switches_.empty())
    return result;
  std::vector<Duration> values;
  values.reserve(switches_.size());
  for (const ContextSwitch& s : switches_) {
    values.push_back(part_of(s, part));
    result.sum = detail::add(result.sum, values.back());
  }
  result.count = values.size();
  result.min = *std::ranges::min_element(values);
  result.max = *std::ranges::max_element(values);
  result.p50 = detail::nearest_rank(values, 50);
  result.p99 = detail::nearest_rank(values, 99);
  return result;
}

std::vector<ContextSwitch> ContextSwitches::longer_than(SwitchPart part, Duration limit) const {
  std::vector<ContextSwitch> result;
  for (const ContextSwitch& s : switches_)
    if (part_of(s, part) > limit)
      result.push_back(s);
  std::ranges::sort(result, [part](const ContextSwitch& a, const ContextSwitch& b) {
    const Duration x = part_of(a, part);
    const Duration y = part_of(b, part);
    return x != y ? x > y : a.call.index() < b.call.index();
  });
  return result;
}

std::vector<ContextSwitch> ContextSwitches::outliers(SwitchPart part, std::uint32_t times_median) const {
  return longer_than(part, detail::multiply(summary(part).p50, times_median));
}

ContextSwitches context_switches(const CallForest& forest, const SwitchSelection& selection) {
  return ContextSwitches{forest, selection};
}

}  // namespace fathom
