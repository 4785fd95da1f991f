#include "report_options.hpp"

#include "common/command_line.hpp"
#include "common/program.hpp"

namespace report {

namespace {

constexpr const char* kDescription =
    "Prints the events of a trace.dat, one a line, as `trace-cmd report` does.\n\n"
    "       report [OPTIONS] [FILE]\n";

constexpr const char* kFooter =
    R"(
FILE (default: trace.dat) is of version 6 or 7, by trace-cmd or by the example `record`, compressed with zstd or not.

Lines are those of trace-cmd 3.1.6 with the plugins for sched_switch, sched_wakeup, function and function_graph; every
other event is printed as the kernel prints it. Events of all CPUs come in the order of time; what was lost stands before
the event that followed. Where the file has several buffers, each line begins with the instance's name.

What could not be read of FILE goes to standard error, and how many events the kernel lost: as many as it counted, where
FILE says it, else `at least` so many, by the marks in its pages.

--json: objects with `cpu`, `time` (nanoseconds, or what the clock counts), `pid`, `comm`, `event` and `text`, and where
there are several buffers `instance`. A loss is an object with `cpu` and `lost`, which is null where nobody knows how
many; a line of a tracer that wrote text has `text` alone. With --totals: `function`, `calls`, `nanoseconds`.

Exit status: 0; 1 for a failure: a message `report: cannot ...`; 2 wrong usage.

  report trace.dat                       the events
  report --totals trace.dat              what each function cost, of a function_graph trace
  report --json trace.dat | jq .event    an object a line
)";

}  // namespace

std::optional<Options> parse_options(int argc, const char* const* argv) {
  CLI::App app(kDescription, "report");
  app.footer(kFooter);
  app.set_version_flag("--version", "report (fathom) " + std::string(examples::version()));
  Options options;
  app.add_option("FILE", options.file, "What to read")->type_name("");
  app.add_flag("--totals", options.totals,
               "A table by function: calls, nanoseconds from entry to exit in all, name; of function_graph's events");
  app.add_flag("--json", options.json, "A JSON object a line");
  app.add_option("-o,--output", options.output, "Write to a file, - for standard output")->type_name("FILE");
  app.add_flag("-q,--quiet", options.quiet, "No account at the end unless something is missing");
  if (!examples::parse(app, argc, argv))
    return std::nullopt;
  return options;
}

}  // namespace report
