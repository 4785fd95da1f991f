#include "ticker_options.hpp"

#include "common/command_line.hpp"
#include "common/program.hpp"

#include <fathom/base/cpu_set.hpp>
#include <fathom/base/error.hpp>

#include <cstdint>
#include <string>

namespace ticker_example {

namespace {

constexpr const char* kFooter = R"(
Prints how often it was to tick, how often it did, and how late: on each CPU, from the begin of each tick's slot. A slot
is a period of the grid that begins with the timer; one without a tick is skipped. In a process the clock is the time
that it has on a processor, and there is no grid to be late by. Needs root, or CAP_PERFMON and CAP_BPF and, for the
count of the program's runs, CAP_SYS_ADMIN; with --wake CAP_PERFMON, or a kernel.perf_event_paranoid of 0.

Exit status: 0; 1 where a message `ticker: cannot ...` says what failed, or where --check found a difference; 2 wrong
usage; 77 where the kernel lacks BPF.

  ticker                    99 times a second on every CPU, until Ctrl-C
  ticker -F 1000 -d 10      1,000 times a second, ten seconds long
  ticker --period 250 --cpu 0-1    each 250 microseconds, on two CPUs
  ticker --wake --pid 4711  wakes this process for each 1/99 s of that one's processor time
  ticker --check            two seconds of each, by its own account and the timer's
)";

fathom::CpuSet parse_cpus(const std::string& list) {
  try {
    return fathom::CpuSet::parse_list(list);
  } catch (const fathom::Error& e) {
    throw examples::UsageError(e.what());
  }
}

}  // namespace

std::optional<Options> parse_options(int argc, const char* const* argv) {
  Options options;
  std::uint64_t hertz = 0;
  std::uint64_t micros = 0;
  std::string cpus;
  int pid = 0;
  CLI::App app("Ticks, and shows how well.", "ticker");
  app.footer(kFooter);
  app.set_version_flag("--version", "ticker (fathom) " + std::string(examples::version()));
  auto* const frequency =
      app.add_option("-F,--frequency", hertz, "So many times a second (99)")->check(examples::positive());
  auto* const period =
      app.add_option("--period", micros, "Each so many microseconds")->check(examples::positive())->excludes(frequency);
  auto* const cpu = app.add_option("-c,--cpu", cpus, "On these CPUs: 0-3,8; without it, on all");
  auto* const process =
      app.add_option("-p,--pid", pid, "In this process and its children")->check(examples::positive())->excludes(cpu);
  examples::add_seconds(app, "-d,--duration", options.duration, "For so long; without it, until a signal");
  app.add_flag("-w,--wake", options.wake, "No BPF program: this process is woken by each tick");
  app.add_flag("--json", options.json, "One JSON object");
  app.add_flag("--check", options.check, "Checks itself, two seconds with a program and two without")
      ->excludes(process);
  if (!examples::parse(app, argc, argv))
    return std::nullopt;
  if (*frequency)
    options.rate = fathom::Hz{hertz};
  if (*period)
    options.rate = std::chrono::microseconds(micros);
  if (*cpu)
    options.on = parse_cpus(cpus);
  if (*process)
    options.on = fathom::PerfProcess{pid};
  return options;
}

}  // namespace ticker_example
