#include "cpuidle_print.hpp"

#include "common/printable.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>

namespace cpuidle_example {

namespace {

std::string percent(std::optional<double> share) {
  return share ? fmt::format("{:.1f}", 100 * *share) : "-";
}

double share_of(std::int64_t part, std::int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0.0;
}

// Of ticks of /proc/stat.
std::optional<double> stat_share(const fathom::LiveCpuIdle& cpu, std::uint64_t fathom::CpuTicks::* field) {
  if (!cpu.stat)
    return std::nullopt;
  return share_of(static_cast<std::int64_t>((*cpu.stat).*field) * cpu.tick.count(), cpu.window.count());
}

}  // namespace

Printer::Printer(std::ostream& out, const Options& options) : out_(out), options_(options) {
  if (!options_.json)
    out_ << fmt::format("{:>4} {:>8} {:>8} {:>10} {:>7} {:>8} {:>6}  {}\n", "CPU", "SWITCHES", "SAMPLES", "/PROC/STAT",
                        "IOWAIT", "IRQ@IDLE", "STEAL", "STATES AND TASKS (%)");
}

void Printer::print(const fathom::LiveCpuIdle& cpu) {
  if (options_.json)
    print_json(cpu);
  else
    print_text(cpu);
}

void Printer::print_text(const fathom::LiveCpuIdle& cpu) {
  std::string rest;
  std::optional<double> interrupts;
  if (cpu.switches) {
    const std::int64_t whole = (cpu.switches->to - cpu.switches->from).count();
    if (cpu.switches->has_interrupts)
      interrupts = share_of(cpu.switches->interrupts_in_idle.count(), whole);
    for (const auto& state : cpu.switches->states) {
      const std::string_view name = states_.name(state.state);
      rest += fmt::format(" {}:{:.1f}", name.empty() ? fmt::format("state{}", state.state) : examples::printable(name),
                          100 * share_of(state.time.count(), whole));
    }
    for (std::size_t i = 0; i < std::min<std::size_t>(options_.tasks, cpu.switches->tasks.size()); ++i) {
      const fathom::TaskTime& task = cpu.switches->tasks[i];
      rest += fmt::format(" {}-{}:{:.1f}", examples::printable(task.comm), task.pid,
                          100 * share_of(task.time.count(), whole));
    }
  } else {
    rest = " was offline, or came or went";
  }
  out_ << fmt::format("{:>4} {:>8} {:>8} {:>10} {:>7} {:>8} {:>6} {}\n", cpu.cpu, percent(cpu.by_switches()),
                      percent(cpu.by_samples()), percent(cpu.by_stat()),
                      percent(stat_share(cpu, &fathom::CpuTicks::iowait)), percent(interrupts),
                      percent(stat_share(cpu, &fathom::CpuTicks::steal)), rest);
}

void Printer::print_json(const fathom::LiveCpuIdle& cpu) {
  nlohmann::ordered_json json{{"cpu", cpu.cpu}, {"window_ns", cpu.window.count()}};
  if (cpu.was_down)
    json["was_down"] = true;
  if (cpu.switches) {
    const fathom::CpuIdleTime& time = *cpu.switches;
    nlohmann::ordered_json by{{"window_ns", (time.to - time.from).count()},
                              {"idle_ns", time.idle.count()},
                              {"busy_ns", time.busy.count()},
                              {"interrupts_in_idle_ns", time.interrupts_in_idle.count()},
                              {"interrupts_in_busy_ns", time.interrupts_in_busy.count()},
                              {"unknown_ns", time.unknown.count()},
                              {"idle_periods", time.idle_periods}};
    by["states"] = nlohmann::json::array();
    for (const auto& state : time.states)
      by["states"].push_back({{"state", state.state},
                              {"name", states_.name(state.state)},
                              {"time_ns", state.time.count()},
                              {"entries", state.entries}});
    by["tasks"] = nlohmann::json::array();
    for (std::size_t i = 0; i < std::min<std::size_t>(options_.tasks, time.tasks.size()); ++i)
      by["tasks"].push_back(
          {{"pid", time.tasks[i].pid}, {"comm", time.tasks[i].comm}, {"time_ns", time.tasks[i].time.count()}});
    json["switches"] = std::move(by);
  }
  json["samples"] = {{"slots", cpu.slots}, {"ticks", cpu.ticks}, {"busy_ticks", cpu.busy_ticks}};
  if (cpu.stat)
    json["proc_stat"] = {{"tick_ns", cpu.tick.count()}, {"idle", cpu.stat->idle},       {"iowait", cpu.stat->iowait},
                         {"irq", cpu.stat->irq},        {"softirq", cpu.stat->softirq}, {"steal", cpu.stat->steal},
                         {"total", cpu.stat->total()}};
  const auto share = [&](const char* name, std::optional<double> value) {
    if (value)
      json[name] = *value;
  };
  share("idle_by_switches", cpu.by_switches());
  share("idle_by_samples", cpu.by_samples());
  share("idle_by_proc_stat", cpu.by_stat());
  out_ << json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
}

}  // namespace cpuidle_example
