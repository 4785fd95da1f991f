#include "funcgraph_options.hpp"

#include "common/command_line.hpp"
#include "common/program.hpp"
#include "common/seconds.hpp"
#include "common/size.hpp"

#include <fathom/base/error.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <limits>
#include <map>
#include <string_view>

namespace funcgraph {

namespace {

using examples::UsageError;

constexpr const char* kDescription =
    "Records the kernel functions that a command causes, and prints them as a call tree with durations and as a table\n"
    "by the time that each function took for itself.\n\n"
    "       funcgraph [OPTIONS] -- COMMAND [ARGUMENTS]\n"
    "       funcgraph [OPTIONS] -p PID | --duration SECONDS | --from FILE\n";

constexpr const char* kFooter =
    R"(
What is traced: COMMAND and its children; or processes (-p), until they end, --duration is over, or Ctrl-C; or, with
--duration alone, the whole system. Or nothing: --from reads what was recorded before.

Where the data goes: to standard output. But where a COMMAND runs, standard output is the command's, so text goes to
standard error as strace's does, when the command has ended; JSON goes to standard output behind what the command wrote
there. -o FILE keeps all apart. Messages, what was skipped and what the kernel lost go to standard error.

Ctrl-C (SIGINT), SIGTERM and SIGHUP end the recording: everything is put back, and what was recorded is printed. A command
that does not end then gets the signal, and two seconds later SIGKILL. --duration ends it likewise, by SIGTERM.

Exit status: that of COMMAND as a shell gives it (128 + n for signal n; 126, 127 if it can't be run); 0 where funcgraph
ended it as --duration said. Failures of funcgraph itself: 1, and a message `funcgraph: cannot ...`; 2 wrong usage; 77 the
kernel lacks function_graph or what an option needs of it.

How it is recorded: as the pages of the kernel's ring buffers, which wait in files without names, in $TMPDIR or /var/tmp,
and are decoded at the end. Where that cannot be, which a message says, or with --text: as the kernel's text of them,
which takes more time, so that more is lost.

--json: `input` (what was read, skipped and lost), `lost`, `calls` (how many there are) and `incomplete` (of these, how
many lack their beginning or end) stand beside what was asked for.

Needs root. The kernel's settings are as before when it ends; what a killed one left behind is put back by the next.

  funcgraph -- ls /                                  the tree of a command
  funcgraph --stats --sort calls --top 10 -- ls /    the functions that are called most
  funcgraph --graph vfs_read --depth 3 -p 4711       what reading costs a process, three calls deep
  funcgraph --switches --duration 1                  what context switches cost
  funcgraph --from trace.txt --json                  from a copy of the kernel's file `trace`
  funcgraph --from trace.dat                         from what `record -p function_graph` or trace-cmd wrote
)";

fathom::CpuSet parse_cpus(const std::string& list) {
  try {
    fathom::CpuSet cpus = fathom::CpuSet::parse_list(list);
    if (!cpus.empty())
      return cpus;
  } catch (const fathom::Error&) {
    // Said below.
  }
  throw UsageError(fmt::format("--cpu: '{}' is no list of CPUs such as 0-3,8", list));
}

template <class Value>
using Choices = std::map<std::string_view, Value>;

template <class Value>
Value choose(std::string_view option, const std::string& name, const Choices<Value>& choices) {
  if (const auto found = choices.find(name); found != choices.end())
    return found->second;
  std::string names;
  for (const auto& [choice, value] : choices)
    names += (names.empty() ? "" : ", ") + std::string(choice);
  throw UsageError(fmt::format("{}: '{}' is none of {}", option, name, names));
}

// To stand before CLI11's own conversion, which lets -3 wrap and does not say what it wants.
template <class Number>
CLI::Validator number_from(Number least) {
  return {[least](const std::string& text) {
            Number number = 0;
            const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
            if (ec == std::errc{} && end == text.data() + text.size() && number >= least)
              return std::string();
            return fmt::format("'{}' is no whole number from {} to {}", text, least,
                               std::numeric_limits<Number>::max());
          },
          ""};
}

// Functions by pattern: several options, or one with commas; but no further words, so that COMMAND is never taken.
CLI::Option* add_list(CLI::App& app, const std::string& name, std::vector<std::string>& into, const std::string& help) {
  return app.add_option(name, into, help)->delimiter(',')->allow_extra_args(false)->type_name("FUNCTION");
}

void check(const Options& options, const std::vector<const CLI::Option*>& recording) {
  const int sources =
      (options.command.empty() ? 0 : 1) + (options.pids.empty() ? 0 : 1) + (options.from.has_value() ? 1 : 0);
  if (sources > 1)
    throw UsageError("give one of COMMAND, -p and --from");
  if (sources == 0 && !options.duration)
    throw UsageError("nothing to trace: give -- COMMAND, -p PID, --duration SECONDS or --from FILE");
  if (options.from) {
    const auto given = std::ranges::find_if(recording, [](const CLI::Option* option) { return !option->empty(); });
    if (given != recording.end())
      throw UsageError(fmt::format("{} is for recording: it does not go with --from", (*given)->get_name()));
  }
}

}  // namespace

std::optional<Options> parse_options(int argc, const char* const* argv) {
  // What follows the first `--` is the command's, word by word.
  const char* const* const last = argv + argc;
  const char* const* const dashes = std::find(argv + std::min(argc, 1), last, std::string_view("--"));
  Options options;
  if (dashes != last) {
    options.command.assign(dashes + 1, last);
    if (options.command.empty())
      throw UsageError("no COMMAND behind --");
  }

  std::string cpus;
  std::string buffer_size;
  std::optional<std::string> seconds;
  std::optional<std::uint32_t> threshold;
  std::optional<std::uint32_t> top;
  bool no_follow = false;
  bool no_tree = false;
  std::string sort = "self";
  std::string color = "auto";

  CLI::App app(kDescription, "funcgraph");
  app.footer(kFooter);
  app.set_version_flag("--version", "funcgraph (fathom) " + std::string(examples::version()));
  app.prefix_command();  // from a word that is no option on, all is left for the message below

  std::vector<const CLI::Option*> recording;
  const auto of_recording = [&](CLI::Option* option) { recording.push_back(option->group("What to record")); };
  of_recording(app.add_option("-p,--pid", options.pids, "Trace this process, all its threads, and their children")
                   ->delimiter(',')
                   ->allow_extra_args(false)
                   ->check(number_from(1))
                   ->type_name("PID"));
  of_recording(
      add_list(app, "--graph,-g", options.graph, "Only these functions and what they call (set_graph_function)"));
  of_recording(add_list(app, "--filter,-l", options.filter,
                        "Only these functions (set_ftrace_filter): a name, a glob such as vfs_*, *:mod:MODULE"));
  of_recording(add_list(app, "--notrace,-n", options.notrace, "Not these functions (set_ftrace_notrace)"));
  of_recording(app.add_option("--depth", options.depth, "At most so many calls deep (max_graph_depth)")
                   ->check(number_from(1U))
                   ->type_name("N"));
  of_recording(app.add_option("--duration", seconds, "Record so long")->type_name("SECONDS"));
  of_recording(app.add_option("--threshold", threshold, "Only calls that take longer (tracing_thresh)")
                   ->check(number_from(0U))
                   ->type_name("US"));
  of_recording(app.add_option("--cpu", cpus, "Only on these CPUs (tracing_cpumask)")->type_name("LIST"));
  of_recording(app.add_option("--buffer-size", buffer_size,
                              "For each CPU, in KiB or with K, M, G behind it (default: 64M over all CPUs)")
                   ->type_name("SIZE"));
  of_recording(app.add_flag("--no-follow", no_follow, "Not the children and new threads of what is traced"));
  of_recording(app.add_flag("--text", options.text, "Read the trace as text, not as pages"));

  const std::string show = "What to show (default: --tree --stats --top 20)";
  app.add_option("--from", options.from,
                 "Read a recorded trace from a file, - for standard input: text, or a trace.dat")
      ->type_name("FILE")
      ->group("What to record");
  CLI::Option* const tree =
      app.add_flag("--tree", options.tree, "The call tree, in the layout of function_graph")->group(show);
  app.add_flag("--no-tree", no_tree, "Not the call tree")->excludes(tree)->group(show);
  app.add_flag("--stats", options.stats, "A table of all functions")->group(show);
  app.add_option("--sort", sort, "Sort the table: self (default), total, calls, name")->type_name("KEY")->group(show);
  app.add_option("--top", top, "The first N of the table, and of the outliers of --switches; 0 for all")
      ->check(number_from(0U))
      ->type_name("N")
      ->group(show);
  app.add_flag("--switches", options.switches, "What context switches cost, and which took unusually long")
      ->group(show);
  app.add_flag(
         "--json", options.json,
         "One JSON object: `functions` (all, unless --top), with --switches `switches`, with --tree `trees`; and\n"
         "`input`, `lost`. Times in nanoseconds")
      ->group(show);
  app.add_option(
         "--symbols", options.symbols,
         "Say what the functions are, from a copy of /proc/kallsyms (where something is recorded, the kernel's\n"
         "own is the default)")
      ->type_name("FILE")
      ->group(show);
  app.add_option("-o,--output", options.output, "Write the data to a file, - for standard output")
      ->type_name("FILE")
      ->group(show);
  app.add_option("--color", color, "auto (default; honours NO_COLOR), always, never")->type_name("WHEN")->group(show);
  app.add_flag("-q,--quiet", options.quiet, "No live counter, and no account at the end unless something is missing")
      ->group(show);

  if (!examples::parse(app, static_cast<int>(dashes - argv), argv))
    return std::nullopt;
  if (const std::vector<std::string> extras = app.remaining(); !extras.empty())
    throw UsageError(extras.front() +
                     (extras.front().starts_with('-') ? ": there is no such option" : ": put -- before the command"));

  options.follow = !no_follow;
  options.sort = choose("--sort", sort,
                        Choices<fathom::FunctionOrder>{{"self", fathom::FunctionOrder::self},
                                                       {"total", fathom::FunctionOrder::total},
                                                       {"calls", fathom::FunctionOrder::calls},
                                                       {"name", fathom::FunctionOrder::name}});
  options.color = choose("--color", color,
                         Choices<examples::Color>{{"auto", examples::Color::automatic},
                                                  {"always", examples::Color::always},
                                                  {"never", examples::Color::never}});
  if (seconds)
    options.duration = examples::parse_seconds("--duration", *seconds);
  if (threshold)
    options.threshold = std::chrono::microseconds(*threshold);
  if (!cpus.empty())
    options.cpus = parse_cpus(cpus);
  if (!buffer_size.empty())
    options.buffer_size_kb = examples::parse_kib("--buffer-size", buffer_size);
  check(options, recording);

  constexpr std::size_t kDefaultTop = 20;
  const bool all_functions = options.stats || options.json;
  const bool nothing_asked = !options.stats && !options.switches && !options.tree;
  if (nothing_asked) {
    options.stats = true;
    options.tree = !no_tree && !options.json;
  }
  options.top = top.value_or(all_functions ? 0 : kDefaultTop);
  return options;
}

}  // namespace funcgraph
