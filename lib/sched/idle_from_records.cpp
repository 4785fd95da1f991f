#include "cpu_idle_event.hpp"

#include <fathom/base/error.hpp>
#include <fathom/sched/idle_from_records.hpp>

#include <algorithm>
#include <string_view>

namespace fathom {

namespace {

const EventFormat& switch_format(const FormatRegistry& formats) {
  const EventFormat* const format = formats.find("sched", "sched_switch");
  if (format == nullptr)
    throw Error(std::errc::invalid_argument, "tell who runs without the format of", "sched/sched_switch",
                "record the event sched:sched_switch");
  return *format;
}

}  // namespace

IdleFromRecords::IdleFromRecords(const FormatRegistry& formats, IdleAccounting& to)
    : to_(&to),
      switch_id_(switch_format(formats).id()),
      prev_pid_(switch_format(formats), "prev_pid"),
      next_pid_(switch_format(formats), "next_pid") {
  const EventFormat& format = switch_format(formats);
  prev_state_ = FieldReader<std::int64_t>::find(format, "prev_state");
  prev_comm_ = FieldReader<std::string_view>::find(format, "prev_comm");
  next_comm_ = FieldReader<std::string_view>::find(format, "next_comm");
  pid_ = FieldReader<std::int32_t>::find(format, "common_pid");
  if (const EventFormat* const idle = formats.find("power", "cpu_idle")) {
    idle_state_ = FieldReader<std::uint32_t>::find(*idle, "state");
    idle_cpu_ = FieldReader<std::uint32_t>::find(*idle, "cpu_id");
    if (idle_state_)
      idle_id_ = idle->id();
  }
  find_hotplug(formats);
  for (const EventFormat* const event : formats.formats()) {
    const std::string_view system = event->system();
    const std::string_view name = event->name();
    Meaning meaning = Meaning::other;
    if (system == "irq_vectors" || (system == "irq" && name.starts_with("irq_handler_"))) {
      meaning = name.ends_with("_entry")  ? Meaning::hard_entry
                : name.ends_with("_exit") ? Meaning::hard_exit
                                          : Meaning::other;
    } else if (system == "irq" && name == "softirq_entry") {
      meaning = Meaning::soft_entry;
    } else if (system == "irq" && name == "softirq_exit") {
      meaning = Meaning::soft_exit;
    } else if (std::ranges::find(hotplug_, event->id(), &Hotplug::id) != hotplug_.end()) {
      meaning = Meaning::hotplug;
    }
    if (meaning == Meaning::other)
      continue;
    meanings_.resize(std::max(meanings_.size(), std::size_t{event->id()} + 1), Meaning::other);
    meanings_[event->id()] = meaning;
  }
}

void IdleFromRecords::find_hotplug(const FormatRegistry& formats) {
  for (const std::string_view name : {"cpuhp_enter", "cpuhp_multi_enter", "cpuhp_exit"}) {
    const EventFormat* const event = formats.find("cpuhp", name);
    if (event == nullptr)
      continue;
    const bool enters = name != "cpuhp_exit";
    const auto cpu = FieldReader<std::uint32_t>::find(*event, "cpu");
    const auto step = FieldReader<std::int32_t>::find(*event, "idx");
    const auto towards = FieldReader<std::int32_t>::find(*event, enters ? "target" : "state");
    const auto result = FieldReader<std::int32_t>::find(*event, "ret");
    if (cpu && step && towards && (enters || result))
      hotplug_.push_back({event->id(), enters, *cpu, *step, *towards, result});
  }
}

void IdleFromRecords::on(const RawRecord& record) {
  const Timestamp time = record.timestamp();
  if (record.id == switch_id_) {
    short_ += on_switch(record) ? 0U : 1U;
    return;
  }
  if (idle_id_ && record.id == *idle_id_) {
    short_ += on_cpu_idle(record) ? 0U : 1U;
    return;
  }
  const auto pid = pid_ ? (*pid_)(record.bytes()) : std::nullopt;
  const Meaning meaning = record.id < meanings_.size() ? meanings_[record.id] : Meaning::other;
  if (meaning == Meaning::hotplug)
    short_ += on_hotplug(record) ? 0U : 1U;
  if (meaning != Meaning::other && meaning != Meaning::hotplug) {
    const bool hard = meaning == Meaning::hard_entry || meaning == Meaning::hard_exit;
    to_->on(InterruptMark{.cpu = record.cpu,
                          .time = time,
                          .kind = hard ? InterruptKind::hard : InterruptKind::soft,
                          .entering = meaning == Meaning::hard_entry || meaning == Meaning::soft_entry,
                          .interrupted_pid = pid});
  } else if (pid) {
    to_->on(TaskSighting{.cpu = record.cpu, .time = time, .pid = *pid});
  }
}

bool IdleFromRecords::on_hotplug(const RawRecord& record) {
  const Hotplug& event = *std::ranges::find(hotplug_, record.id, &Hotplug::id);
  const auto cpu = event.cpu(record.bytes());
  const auto step = event.step(record.bytes());
  const auto towards = event.towards(record.bytes());
  const auto result = event.enters ? 0 : (*event.result)(record.bytes());
  if (!cpu || !step || !towards || !result)
    return false;
  if (event.enters) {
    steps_.on(record.cpu, record.timestamp(), {.cpu = *cpu, .target = *towards, .step = *step});
    return true;
  }
  const auto absence =
      steps_.on(record.cpu, record.timestamp(), {.cpu = *cpu, .state = *towards, .step = *step, .ret = *result});
  if (absence)
    to_->on(*absence);
  return true;
}

bool IdleFromRecords::on_switch(const RawRecord& record) {
  const auto prev = prev_pid_(record.bytes());
  const auto next = next_pid_(record.bytes());
  if (!prev || !next)
    return false;
  SchedSwitch event{
      .cpu = record.cpu, .time = record.timestamp(), .prev = {*prev, {}}, .next = {*next, {}}, .prev_state = {}};
  if (prev_comm_)
    event.prev.comm = (*prev_comm_)(record.bytes()).value_or(std::string_view());
  if (next_comm_)
    event.next.comm = (*next_comm_)(record.bytes()).value_or(std::string_view());
  if (const auto state = prev_state_ ? (*prev_state_)(record.bytes()) : std::nullopt)
    event.prev_state = static_cast<std::uint64_t>(*state);
  to_->on(event);
  return true;
}

bool IdleFromRecords::on_cpu_idle(const RawRecord& record) {
  const auto state = (*idle_state_)(record.bytes());
  if (!state)
    return false;
  // Coupled CPUs may be told of by another one.
  if (idle_cpu_ && (*idle_cpu_)(record.bytes()) != record.cpu)
    return true;
  to_->on(CpuIdleMark{.cpu = record.cpu, .time = record.timestamp(), .state = sched::idle_state(*state)});
  return true;
}

void IdleFromRecords::on(const Loss& loss) {
  to_->on(loss);
}

}  // namespace fathom
