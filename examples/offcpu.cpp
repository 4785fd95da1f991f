// offcpu: what is waited for? Time off CPU of a command, a process or the machine, by stack.
//
// Shows OffCpuProfiler; what names its stacks and writes them is what `profile` has.

#include "common/bpf_program.hpp"
#include "common/output.hpp"
#include "common/program.hpp"
#include "stacks_names.hpp"
#include "stacks_options.hpp"
#include "stacks_output.hpp"
#include "stacks_subject.hpp"
#include "stacks_workload.hpp"

#include <fathom/profile/off_cpu_profiler.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <cmath>

namespace {

using namespace std::chrono_literals;

constexpr std::string_view kName = "offcpu";

constexpr const char* kDescription =
    "Shows what is waited for: time off CPU of a command, a process or the whole machine, by stack.\n\n"
    "       offcpu [OPTIONS] [-p PID | -- COMMAND [ARGUMENTS]]\n";

constexpr const char* kFooter = R"(
Without PID and COMMAND, the machine, until Ctrl-C. Folded stacks are lines of `comm;main;f;__schedule_[k] 1234`:
outermost first, `_[k]` behind functions of the kernel, and microseconds from leaving the CPU to being back on it. Who
has not come back at the end counts up to then. --table and --json tell the states too: the letter that sched_switch
prints, /proc's word, and the kernel's names of the bits.

Exit status: 0; 1 where a message `offcpu: cannot ...` says what failed, or where --check found a difference; 2 wrong
usage; 77 where the kernel lacks what it needs; 126, 127 if COMMAND can't be run. Needs root.

  offcpu -- make | flamegraph.pl --countname us > make.svg     a command and its children
  offcpu -p 4711 -d 10 --table                                 a process for ten seconds
)";

fathom::Profile record(const stacks::Options& options) {
  stacks::Subject subject(options);
  fathom::OffCpuProfiler profiler({.pid = subject.pid(), .kernel_stacks = options.kernel, .user_stacks = options.user});
  return subject.watch(profiler);
}

int check(const stacks::Options& options) {
  constexpr unsigned kTimes = 10;
  stacks::Worker worker([] { return stacks_check_sleep(kTimes, std::chrono::nanoseconds(100ms).count()); });
  fathom::OffCpuProfiler profiler({.pid = worker.pid()});
  const std::chrono::nanoseconds slept(worker.run());
  const fathom::Profile profile = profiler.stop();
  const fathom::NamedProfile named = stacks::name(profile, {});
  const auto weight = stacks::weight_of(named, "do_nanosleep_[k]", fathom::ProfileWeight::time);
  const std::chrono::nanoseconds seen(weight.total);
  const double percent = 100 * static_cast<double>(seen.count()) / static_cast<double>(slept.count());
  const auto& counts = profile.counts;
  const bool sums = counts.seen == counts.samples + counts.idle + counts.lost + counts.no_room;
  // Of each that was lost, for the kernel did not tell that it was over, the time is not known.
  const bool right = sums && std::abs(percent - 100) <= 1 + 100.0 * static_cast<double>(counts.lost) / kTimes;
  auto output = examples::Output::standard_output();
  if (options.format == stacks::Format::json)
    output.stream() << nlohmann::ordered_json{{"slept_nanoseconds", slept.count()},
                                              {"seen_nanoseconds", seen.count()},
                                              {"adds_up", sums}}
                           .dump()
                    << '\n';
  else
    output.stream() << fmt::format("of {} sleeps, {:.3f} ms by the sleeper's clock, {:.2f} % is accounted for\n",
                                   kTimes, static_cast<double>(slept.count()) / 1e6, percent);
  output.close();
  return right ? 0 : examples::kFailure;
}

int run(int argc, const char* const* argv) {
  CLI::App app(kDescription, std::string(kName));
  app.footer(kFooter);
  bool states = false;
  app.add_flag("--states", states, "Put the state in which it waited behind each stack, as `[S (sleeping)]`");
  std::optional<stacks::Options> options = stacks::parse(app, argc, argv);
  if (!options)
    return 0;
  options->states = states;
  // Without CONFIG_BPF_SYSCALL or the kernel's BTF.
  return examples::run_bpf(kName, {fathom::BpfCause::unsupported}, [&] {
    if (options->check)
      return check(*options);
    return stacks::run(kName, *options, [&] { return record(*options); });
  });
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program(kName, [&] { return run(argc, argv); });
}
