// cpuidle: how idle is each CPU, and why is it not?
//
// Shows LiveIdle: snapshots, windows between them, three ways to see the same thing.

#include "common/bpf_program.hpp"
#include "common/cpu_load.hpp"
#include "common/output.hpp"
#include "common/program.hpp"
#include "cpuidle_options.hpp"
#include "cpuidle_print.hpp"

#include <fathom/base/cpu_set.hpp>
#include <fathom/process/stop_signals.hpp>
#include <fathom/profile/live_idle.hpp>

#include <fmt/core.h>

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <vector>

namespace {

using namespace cpuidle_example;
using namespace std::chrono_literals;

constexpr std::string_view kName = "cpuidle";

using Loads = std::vector<std::unique_ptr<examples::CpuLoad>>;

Loads start_loads(int percent) {
  Loads loads;
  for (const unsigned cpu : fathom::CpuSet::online().cpus())
    loads.push_back(std::make_unique<examples::CpuLoad>(cpu, percent / 100.0));
  return loads;
}

// Until then, or a signal.
void wait_until(std::chrono::steady_clock::time_point end, const fathom::StopSignals& stop) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
  pollfd fd{.fd = stop.native_handle(), .events = POLLIN, .revents = 0};
  ::poll(&fd, 1, static_cast<int>(std::max(left, 0ms).count()));
}

int watch(const Options& options) {
  fathom::StopSignals stop;
  const Loads loads = start_loads(options.load.value_or(0));
  fathom::LiveIdle live;
  auto output = examples::Output::standard_output();
  Printer printer(output.stream(), options);
  const auto begin = std::chrono::steady_clock::now();
  auto before = live.take();
  for (auto next = begin + options.interval; !stop.received(); next += options.interval) {
    if (options.duration)
      next = std::min(next, begin + *options.duration);
    wait_until(next, stop);
    auto after = live.take();
    for (const fathom::LiveCpuIdle& cpu : live.between(before, after))
      printer.print(cpu);
    output.stream().flush();
    before = std::move(after);
    if (options.duration && std::chrono::steady_clock::now() >= begin + *options.duration)
      break;
  }
  output.close();
  if (before.unnamed > 0ns)
    examples::tell(kName, fmt::format("{} ms of tasks found no room", before.unnamed / 1ms));
  return 0;
}

// Whether two ways are as close as they can be. /proc/stat leaves out interrupts in idle, and steal.
bool agree(double a, double b, double slack) {
  return std::abs(a - b) <= slack;
}

// Empty where there is nothing to compare.
std::optional<bool> agree(const fathom::LiveCpuIdle& cpu) {
  const auto switches = cpu.by_switches();
  const auto samples = cpu.by_samples();
  const auto stat = cpu.by_stat();
  if (!stat)
    return false;
  if (!switches) {
    examples::tell(kName, fmt::format("CPU {}: the kernel did not tell each switch, so nothing is compared", cpu.cpu));
    return std::nullopt;
  }
  const auto window = static_cast<double>(cpu.window.count());
  const double slack = 0.03 + static_cast<double>(cpu.tick.count()) / window;
  const double apart = (static_cast<double>(cpu.switches->interrupts_in_idle.count()) +
                        static_cast<double>(cpu.stat->steal) * static_cast<double>(cpu.tick.count())) /
                       window;
  if (!agree(*switches, *stat, slack + apart))
    return false;
  if (samples)
    return agree(*switches, *samples, slack) && agree(*samples, *stat, slack + apart);
  examples::tell(kName, fmt::format("CPU {}: its timer ticked in {} of {} slots, so two ways are compared", cpu.cpu,
                                    cpu.ticks, cpu.slots));
  return true;
}

int check(const Options& options) {
  fathom::StopSignals stop;
  auto output = examples::Output::standard_output();
  Printer printer(output.stream(), options);
  fathom::LiveIdle live;
  bool all = true;
  bool any = false;
  for (const int load : {0, 50, 100}) {
    const Loads loads = start_loads(load);
    const auto before = live.take();
    wait_until(std::chrono::steady_clock::now() + options.duration.value_or(10s), stop);
    const auto after = live.take();
    if (stop.received())
      break;
    for (const fathom::LiveCpuIdle& cpu : live.between(before, after)) {
      printer.print(cpu);
      const std::optional<bool> agreed = agree(cpu);
      any = any || agreed;
      if (agreed == false) {
        examples::tell(kName, fmt::format("CPU {} at a load of {} %: the ways do not agree", cpu.cpu, load));
        all = false;
      }
    }
    output.stream().flush();
  }
  output.close();
  return all && any && !stop.received() ? 0 : examples::kFailure;
}

int run(int argc, const char* const* argv) {
  const std::optional<Options> options = parse_options(argc, argv);
  if (!options)
    return 0;
  return examples::run_bpf(kName, {fathom::BpfCause::unsupported, fathom::BpfCause::bad_attach_target},
                           [&] { return options->check ? check(*options) : watch(*options); });
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program(kName, [&] { return run(argc, argv); });
}
