#include <fathom/sched/idle_from_text.hpp>

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
    constexpr std::uint32_t kWakes = 0xffff'ffff;  // as in IdleFromRecords
    if (cpu == *context.cpu)
      to_->on(CpuIdleMark{
          .cpu = cpu, .time = *context.time, .state = state == kWakes ? std::nullopt : std::optional(state)});
    return;
  }
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
