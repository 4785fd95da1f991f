#include "opensnoop_options.hpp"

#include "common/program.hpp"

#include <CLI/CLI.hpp>

#include <string>

namespace opensnoop_example {

namespace {

constexpr const char* kFooter = R"(
Columns: the process and its name, the descriptor it got or the errno, the path as it gave it. Needs root, and a tracefs
that is mounted.

Exit status: 0; 1 where a message `opensnoop: cannot ...` says what failed, or where --check found a difference; 2 wrong
usage; 77 where the kernel lacks BPF or the events of system calls.

  opensnoop               all processes, until Ctrl-C
  opensnoop -p 4711       one process
  opensnoop --check       opens 51 known paths in a child, and compares what is recorded with them
)";

}  // namespace

std::optional<Options> parse_options(int argc, const char* const* argv) {
  Options options;
  CLI::App app("Shows which files are opened, by whom, and what came of it.", "opensnoop");
  app.footer(kFooter);
  app.set_version_flag("--version", "opensnoop (fathom) " + std::string(examples::version()));
  auto* const pid = app.add_option("-p,--pid", options.pid, "Only this process")->check(CLI::PositiveNumber);
  app.add_flag("--json", options.json, "One JSON object a line and open");
  app.add_flag("--check", options.check, "Checks itself against a child that opens known paths")->excludes(pid);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    app.exit(help);
    return std::nullopt;
  } catch (const CLI::ParseError& e) {
    throw examples::UsageError(e.what());
  }
  return options;
}

}  // namespace opensnoop_example
