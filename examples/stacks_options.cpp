#include "stacks_options.hpp"

#include "common/command_line.hpp"
#include "common/program.hpp"

#include <algorithm>
#include <string_view>

namespace stacks {

namespace {

using examples::UsageError;

void check_usage(const CLI::App& app, const Options& options, bool dashes, bool kernel_only, bool user_only) {
  if (const std::vector<std::string> extras = app.remaining(); !extras.empty())
    throw UsageError(extras.front() +
                     (extras.front().starts_with('-') ? ": there is no such option" : ": put -- before the command"));
  if (options.pid != 0 && !options.command.empty())
    throw UsageError("give either -p PID or -- COMMAND");
  if (dashes && options.command.empty())
    throw UsageError("no COMMAND behind --");
  if (options.check && (options.pid != 0 || !options.command.empty()))
    throw UsageError("--check watches a child of its own: give no other process");
  if (kernel_only && user_only)
    throw UsageError("give either --kernel-only or --user-only");
}

}  // namespace

std::optional<Options> parse(CLI::App& app, int argc, const char* const* argv) {
  // What follows the first `--` is the command's, word by word.
  const char* const* const last = argv + argc;
  const char* const* const dashes = std::find(argv + std::min(argc, 1), last, std::string_view("--"));
  Options options;
  if (dashes != last)
    options.command.assign(dashes + 1, last);
  bool kernel_only = false;
  bool user_only = false;
  bool table = false;
  bool json = false;
  app.set_version_flag("--version", app.get_name() + " (fathom) " + std::string(examples::version()));
  app.prefix_command();
  app.add_option("-p,--pid", options.pid, "Watch this process")->check(examples::positive())->type_name("PID");
  examples::add_seconds(app, "-d,--duration", options.duration,
                        "For so many seconds at most; then COMMAND gets SIGTERM, and 2 s later SIGKILL");
  app.add_option("-o,--output", options.output, "Write this file (default: standard output)")->type_name("FILE");
  auto* const as_table = app.add_flag("--table", table, "The functions that cost most, in place of folded stacks");
  app.add_flag("--json", json, "One JSON object: stacks, and what is missing")->excludes(as_table);
  app.add_option("--top", options.top, "Rows of the table (default: 20)")->check(examples::positive())->type_name("N");
  app.add_flag("--threads", options.threads, "Tell threads apart, by process and thread id");
  app.add_flag("--inlined", options.inlined, "With inlined functions, by DWARF; takes longer");
  app.add_flag("--kernel-only", kernel_only, "Only the kernel's part of stacks");
  app.add_flag("--user-only", user_only, "Only user space's part of stacks");
  app.add_flag("-q,--quiet", options.quiet, "No account at the end");
  app.add_flag("--check", options.check, "Checks itself against a child that does what is known");
  if (!examples::parse(app, static_cast<int>(dashes - argv), argv))
    return std::nullopt;
  check_usage(app, options, dashes != last, kernel_only, user_only);
  options.kernel = !user_only;
  options.user = !kernel_only;
  if (table || json)
    options.format = table ? Format::table : Format::json;
  return options;
}

}  // namespace stacks
