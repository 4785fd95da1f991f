#include "record_options.hpp"

#include "common/command_line.hpp"
#include "common/program.hpp"
#include "common/size.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace record {

namespace {

using examples::UsageError;

constexpr const char* kDescription =
    "Records what the kernel does while a command runs, into a trace.dat, for `report`, trace-cmd and KernelShark.\n\n"
    "       record [OPTIONS] -- COMMAND [ARGUMENTS]\n";

constexpr const char* kFooter =
    R"(
EVENT is SYSTEM:EVENT, each with globs, or a system alone; a filter may follow: 'sched:sched_switch:prev_prio < 120'.
Only COMMAND and its children are recorded, unless --all says otherwise.

The pages go from the ring buffers by splice, without being copied, into files without names in FILE's folder, and at the
end into a new file that then takes FILE's place: so there must be room for them twice, and until then FILE is as it was.
Where there is no room for more pages `record` says so, records no more, and lets COMMAND go on; where there is none for
the new file, the pages get the names FILE.cpu0, FILE.cpu1 and so on (FILE.cpu0.1 where there is one). Of a `record` that
is killed by SIGKILL nothing stays.

Ctrl-C (SIGINT), SIGTERM and SIGHUP end the recording, and FILE is written. A COMMAND that does not end then gets the
signal, and two seconds later SIGKILL.

--cpu-limit keeps `record` itself below so many percent of one CPU while it records: it reads less often then, and what
does not fit into the kernel's buffers meanwhile is lost, and counted.

--json: `file`, `file_bytes` (its size), `events`, `bytes` (of pages), `lost` (events), `nanoseconds` (from start to
stop), `complete` (false where there was no room for all), and `cpus`: of each `cpu`, `events`, `bytes`, `lost`.

Exit status: that of COMMAND as a shell gives it (128 + n for signal n; 126, 127 if it can't be run). Failures of record
itself: 1, and a message `record: cannot ...`; 2 wrong usage; 77 the kernel lacks the tracer or what an option needs.

Needs root. The kernel's settings are as before when it ends.

  record -e sched -e raw_syscalls -- ls /               events of two systems
  record -p function_graph -o graph.dat -- ls /         what ls makes the kernel do
  record -e 'irq:*' --all --cpu-limit 5 -- sleep 10     the whole system's interrupts, at little cost
)";

// "sched:sched_switch:prev_prio < 120", "sched:sched_switch", "sched".
std::pair<std::string, std::string> parse_event(const std::string& text) {
  const auto system = text.find(':');
  const auto filter = system == std::string::npos ? system : text.find(':', system + 1);
  if (filter == std::string::npos)
    return {text, {}};
  return {text.substr(0, filter), text.substr(filter + 1)};
}

}  // namespace

std::optional<Options> parse_options(int argc, const char* const* argv) {
  // What follows the first `--` is the command's, word by word.
  const char* const* const last = argv + argc;
  const char* const* const dashes = std::find(argv + std::min(argc, 1), last, std::string_view("--"));
  Options options;
  if (dashes != last)
    options.command.assign(dashes + 1, last);

  std::vector<std::string> events;
  std::optional<std::string> buffer_size;
  CLI::App app(kDescription, "record");
  app.footer(kFooter);
  app.set_version_flag("--version", "record (fathom) " + std::string(examples::version()));
  app.prefix_command();
  app.add_option("-e,--event", events, "Record these events")->allow_extra_args(false)->type_name("EVENT[:FILTER]");
  app.add_option("-p,--tracer", options.tracer, "Use this tracer: function_graph, function")->type_name("TRACER");
  app.add_option("-o,--output", options.output, "Write this file (default: trace.dat)")->type_name("FILE");
  app.add_option("--cpu-limit", options.cpu_limit, "Take at most so much of one CPU")
      ->check(CLI::Range(1U, 100U))
      ->type_name("PERCENT");
  app.add_option("--buffer-size", buffer_size, "Of each CPU's ring buffer, in KiB or with K, M, G behind it")
      ->type_name("SIZE");
  app.add_option("--file-version", options.version, "6 or 7 (default)")->check(CLI::IsMember({6U, 7U}))->type_name("N");
  app.add_flag("--compress", options.compress, "With zstd; version 7 alone");
  app.add_flag("--all", options.all, "All tasks, not only COMMAND and its children");
  app.add_flag("--json", options.json, "At the end, one JSON object on standard output: what was recorded and lost");
  app.add_flag("-q,--quiet", options.quiet, "No live line, and no account at the end unless something was lost");
  if (!examples::parse(app, static_cast<int>(dashes - argv), argv))
    return std::nullopt;
  if (const std::vector<std::string> extras = app.remaining(); !extras.empty())
    throw UsageError(extras.front() +
                     (extras.front().starts_with('-') ? ": there is no such option" : ": put -- before the command"));
  if (options.command.empty())
    throw UsageError("nothing to run: give -- COMMAND");
  if (events.empty() && !options.tracer)
    throw UsageError("nothing to record: give -e EVENT or -p TRACER");
  if (options.compress && options.version == 6)
    throw UsageError("--compress: version 6 knows no compression");
  if (options.output == "-")
    throw UsageError("-o -: parts of a trace.dat are written again, so it takes a file; ./- for one of that name");
  if (buffer_size)
    options.buffer_size_kb = examples::parse_kib("--buffer-size", *buffer_size);
  std::ranges::transform(events, std::back_inserter(options.events), parse_event);
  return options;
}

}  // namespace record
