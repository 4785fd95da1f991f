#include "cpuidle_options.hpp"

#include "common/command_line.hpp"
#include "common/program.hpp"

#include <string>

namespace cpuidle_example {

namespace {

constexpr const char* kFooter = R"(
A line a CPU and interval: how idle it was by sched_switch, by timers (199 Hz, with and without exclude_idle), and by
/proc/stat, idle and iowait together; then, as shares of the interval, iowait, interrupts in idle, steal, the states of
the cpuidle driver, and who kept the CPU busy. Needs root.

Exit status: 0; 1 where a message `cpuidle: cannot ...` says what failed, or where --check found the three ways further
apart than 3 points and a tick; 2 wrong usage; 77 where the kernel lacks BPF.

  cpuidle                    once a second, until Ctrl-C
  cpuidle -d 30 -i 30        one answer for 30 s
  cpuidle --load 50 -d 10    with a load of its own on each CPU
  cpuidle --check            compares the three ways at loads of 0, 50 and 100 %, 10 s each (-d: other)
)";

}  // namespace

std::optional<Options> parse_options(int argc, const char* const* argv) {
  Options options;
  int load = 0;
  CLI::App app("Shows how idle each CPU is, in three ways side by side, and why it is not.", "cpuidle");
  app.footer(kFooter);
  app.set_version_flag("--version", "cpuidle (fathom) " + std::string(examples::version()));
  std::optional<std::chrono::nanoseconds> interval;
  examples::add_seconds(app, "-d,--duration", options.duration, "For so long; without it, until Ctrl-C");
  auto* const every = examples::add_seconds(app, "-i,--interval", interval, "Between two lines of a CPU (default: 1)");
  auto* const percent =
      app.add_option("--load", load, "Keeps each CPU busy for so many percent")->check(CLI::Range(0, 100));
  app.add_option("-t,--tasks", options.tasks,
                 "Tasks that are shown for each CPU (default: " + std::to_string(options.tasks) + ")")
      ->check(CLI::Range(0, 1000));
  app.add_flag("--json", options.json, "One JSON object a line, CPU and interval");
  app.add_flag("--check", options.check, "Checks the three ways against each other")
      ->excludes(percent)
      ->excludes(every);
  if (!examples::parse(app, argc, argv))
    return std::nullopt;
  options.interval = interval.value_or(options.interval);
  if (percent->count() > 0)
    options.load = load;
  return options;
}

}  // namespace cpuidle_example
