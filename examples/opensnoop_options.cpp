#include "opensnoop_options.hpp"

#include "common/command_line.hpp"
#include "common/program.hpp"

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
  auto* const pid = app.add_option("-p,--pid", options.pid, "Only this process")->check(examples::positive());
  app.add_flag("--json", options.json, "One JSON object a line and open");
  app.add_flag("--check", options.check, "Checks itself against a child that opens known paths")->excludes(pid);
  if (!examples::parse(app, argc, argv))
    return std::nullopt;
  return options;
}

}  // namespace opensnoop_example
