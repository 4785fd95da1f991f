// profile: where does CPU time go? Stacks of a command, a process or the machine, at so many ticks a second.
//
// Shows Profiler, what names its stacks (KallsymsIndex, ElfFileSymbols), and folded stacks for flame graphs.

#include "common/bpf_program.hpp"
#include "common/command_line.hpp"
#include "common/output.hpp"
#include "common/program.hpp"
#include "stacks_names.hpp"
#include "stacks_options.hpp"
#include "stacks_output.hpp"
#include "stacks_subject.hpp"
#include "stacks_workload.hpp"

#include <fathom/base/error.hpp>
#include <fathom/profile/profiler.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <system_error>

namespace {

using namespace std::chrono_literals;

constexpr std::string_view kName = "profile";

constexpr const char* kDescription =
    "Shows where CPU time is spent: stacks of a command, a process or the whole machine.\n\n"
    "       profile [OPTIONS] [-p PID | -- COMMAND [ARGUMENTS]]\n";

constexpr const char* kFooter = R"(
Without PID and COMMAND, the machine, until Ctrl-C. Folded stacks are lines of `comm;main;f;g_[k] 12`: outermost first,
`_[k]` behind functions of the kernel, and the number of samples. flamegraph.pl, inferno and speedscope read them.
User stacks are walked by frame pointers: build with -fno-omit-frame-pointer to see callers.

Exit status: 0; 1 where a message `profile: cannot ...` says what failed, or where --check found a difference; 2 wrong
usage; 77 where the kernel lacks what it needs; 126, 127 if COMMAND can't be run. Needs root.

  profile -- make | flamegraph.pl > make.svg       a command and its children
  profile -F 99 -d 10 --table                      the machine for ten seconds: the functions that cost most
)";

// A command that cannot be run has ended by now: then that is the reason.
fathom::Profiler start(const fathom::ProfilerOptions& settings, stacks::Subject& subject) {
  try {
    return fathom::Profiler(settings);
  } catch (const fathom::Error& e) {
    if (e.code() == std::errc::no_such_process)
      subject.begin();
    throw;
  }
}

fathom::Profile record(fathom::Hz rate, const stacks::Options& options) {
  stacks::Subject subject(options);
  fathom::ProfilerOptions settings{.rate = rate, .kernel_stacks = options.kernel, .user_stacks = options.user};
  if (!options.command.empty())
    settings.on = fathom::PerfThread{*subject.pid(), fathom::PerfFollow::children};
  else if (subject.pid())
    settings.on = fathom::PerfProcess{*subject.pid()};
  fathom::Profiler profiler = start(settings, subject);
  return subject.watch(profiler);
}

int check(fathom::Hz rate, const stacks::Options& options) {
  stacks::Worker worker([] {
    stacks_check_outer(std::chrono::nanoseconds(1s).count(), std::chrono::nanoseconds(500ms).count());
    return std::int64_t{0};
  });
  fathom::Profiler profiler({.rate = rate, .on = fathom::PerfProcess{worker.pid()}});
  worker.run();
  const fathom::Profile profile = profiler.stop();
  const fathom::NamedProfile named = stacks::name(profile, {});
  const auto share = [&](std::string_view function) {
    const auto weight = stacks::weight_of(named, function, fathom::ProfileWeight::count);
    return 100 * static_cast<double>(weight.total) /
           static_cast<double>(std::max<std::uint64_t>(profile.counts.samples, 1));
  };
  constexpr double kExpected = 100.0 / 3;
  constexpr double kPoints = 5;
  const double inner = share("stacks_check_inner");
  const double outer = share("stacks_check_outer");
  const auto& counts = profile.counts;
  const bool sums = counts.seen == counts.samples + counts.idle + counts.lost + counts.no_room;
  const bool right = sums && std::abs(inner - kExpected) <= kPoints && outer >= 100 - kPoints;
  auto output = examples::Output::standard_output();
  if (options.format == stacks::Format::json)
    output.stream() << nlohmann::ordered_json{{"inner_percent", inner},
                                              {"expected_percent", kExpected},
                                              {"outer_percent", outer},
                                              {"samples", counts.samples},
                                              {"adds_up", sums}}
                           .dump()
                    << '\n';
  else
    output.stream() << fmt::format(
        "a function that took {:.1f} % of the CPU time has {:.1f} % of {} samples, its caller {:.1f} %\n", kExpected,
        inner, counts.samples, outer);
  output.close();
  return right ? 0 : examples::kFailure;
}

int run(int argc, const char* const* argv) {
  std::uint64_t rate = 999;
  CLI::App app(kDescription, std::string(kName));
  app.footer(kFooter);
  app.add_option("-F,--frequency", rate, "Ticks a second (default: 999)")->check(examples::positive())->type_name("HZ");
  const std::optional<stacks::Options> options = stacks::parse(app, argc, argv);
  if (!options)
    return 0;
  return examples::run_bpf(kName, {fathom::BpfCause::unsupported}, [&] {
    if (options->check)
      return check(fathom::Hz{rate}, *options);
    return stacks::run(kName, *options, [&] { return record(fathom::Hz{rate}, *options); });
  });
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program(kName, [&] { return run(argc, argv); });
}
