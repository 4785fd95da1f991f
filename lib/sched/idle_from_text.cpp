#include "cpu_idle_event.hpp"

#include <fathom/sched/idle_from_text.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>

namespace fathom {

namespace {

bool take_start(std::string_view& text, std::string_view start) noexcept {
  if (!text.starts_with(start))
    return false;
  text.remove_prefix(start.size());
  return true;
}

template <class Number>
bool take_number(std::string_view& text, Number& out) noexcept {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{})
    return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

// " step:  86": blanks, the name, blanks, the number.
template <class Number>
bool take_field(std::string_view& text, std::string_view name, Number& out) noexcept {
  const auto skip_blanks = [&] { text.remove_prefix(std::min(text.find_first_not_of(' '), text.size())); };
  skip_blanks();
  if (!take_start(text, name))
    return false;
  skip_blanks();
  return take_number(text, out);
}

// "tw prev_pid=169 prev_prio=120": a command may hold blanks, and what looks like a field, so the last one counts.
bool take_task(std::string_view text, std::string_view pid_field, std::string_view prio_field, Task& out) noexcept {
  const std::size_t at = text.rfind(pid_field);
  if (at == std::string_view::npos)
    return false;
  out.comm = text.substr(0, at);
  text.remove_prefix(at + pid_field.size());
  int prio = 0;
  return take_number(text, out.pid) && take_start(text, prio_field) && take_number(text, prio);
}

}  // namespace

std::optional<SchedSwitch> parse_sched_switch(const EventContext& context, std::string_view text) {
  constexpr std::string_view kArrow = " ==> next_comm=";
  if (!context.cpu || !context.time || !take_start(text, "sched_switch: prev_comm="))
    return std::nullopt;
  SchedSwitch out{.cpu = *context.cpu, .time = *context.time, .prev = {}, .next = {}, .prev_state = {}};
  for (std::size_t arrow = text.find(kArrow); arrow != std::string_view::npos; arrow = text.find(kArrow, arrow + 1)) {
    if (take_task(text.substr(0, arrow), " prev_pid=", " prev_prio=", out.prev) &&
        take_task(text.substr(arrow + kArrow.size()), " next_pid=", " next_prio=", out.next))
      return out;
  }
  return std::nullopt;
}

// "cpuhp_enter: cpu: 0001 target:   0 step:  86 (finish_cpu)", "cpuhp_exit:  cpu: 0001  state:  85 step:  86 ret: 0".
// False if it is such a line, and cannot be read.
bool IdleFromText::take_hotplug(const EventContext& context, std::string_view text) {
  if (take_start(text, "cpuhp_exit:")) {
    detail::HotplugSteps::Exit exit;
    if (!take_field(text, "cpu:", exit.cpu) || !take_field(text, "state:", exit.state) ||
        !take_field(text, "step:", exit.step) || !take_field(text, "ret:", exit.ret))
      return false;
    if (const auto absence = steps_.on(*context.cpu, *context.time, exit))
      to_->on(*absence);
    return true;
  }
  if (!take_start(text, "cpuhp_enter:") && !take_start(text, "cpuhp_multi_enter:"))
    return true;
  detail::HotplugSteps::Enter enter;
  if (!take_field(text, "cpu:", enter.cpu) || !take_field(text, "target:", enter.target) ||
      !take_field(text, "step:", enter.step))
    return false;
  steps_.on(*context.cpu, *context.time, enter);
  return true;
}

void IdleFromText::take(const EventContext& context, std::string_view text) {
  if (!context.cpu || !context.time)
    return;
  if (text.starts_with("sched_switch: prev_comm=")) {
    if (const auto event = parse_sched_switch(context, text))
      to_->on(*event);
    else
      ++unreadable_;
    return;
  }
  if (take_start(text, "cpu_idle: state=")) {
    std::uint32_t state = 0;
    std::uint32_t cpu = 0;
    if (!take_number(text, state) || !take_start(text, " cpu_id=") || !take_number(text, cpu)) {
      ++unreadable_;
      return;
    }
    if (cpu == *context.cpu)
      to_->on(CpuIdleMark{.cpu = cpu, .time = *context.time, .state = sched::idle_state(state)});
    return;
  }
  unreadable_ += take_hotplug(context, text) ? 0U : 1U;
  const auto pid = context.task ? std::optional(context.task->pid) : std::nullopt;
  const std::size_t colon = text.find(": ");
  const std::string_view name = text.substr(0, colon == std::string_view::npos ? 0 : colon);
  const bool entering = name.ends_with("_entry");
  if (entering || name.ends_with("_exit")) {
    const bool soft = name.starts_with("softirq_");
    // The events of irq_vectors print their vector, and no others print that alone.
    if (soft || name.starts_with("irq_handler_") || text.substr(colon + 2).starts_with("vector=")) {
      to_->on(InterruptMark{.cpu = *context.cpu,
                            .time = *context.time,
                            .kind = soft ? InterruptKind::soft : InterruptKind::hard,
                            .entering = entering,
                            .interrupted_pid = pid});
      return;
    }
  }
  if (pid)
    to_->on(TaskSighting{.cpu = *context.cpu, .time = *context.time, .pid = *pid});
}

}  // namespace fathom
