#include "taskstate_options.hpp"

#include "common/command_line.hpp"
#include "common/program.hpp"

namespace taskstate_example {

namespace {

constexpr const char* kFooter = R"(
First the states as this kernel has them: the bits of task_struct with the kernel's names, the letter of /proc, and what
sched_switch reports of it, as number and as printed; `?` where the kernel's release does not settle it. Then children
of its own, each put into one state, and kernel threads, with the letter that /proc gives each. Needs no rights.

Exit status: 0; 1 where a signal stopped it, where a message `taskstate: cannot ...` says what failed, or where --check
found a child with another letter than expected; 2 wrong usage.

  taskstate                                  of the running kernel
  taskstate --release 4.18.20 --format FILE  of another one, without children
  taskstate --check
)";

}  // namespace

std::optional<Options> parse_options(int argc, const char* const* argv) {
  Options options;
  CLI::App app("Shows what the states of tasks are on this kernel.", "taskstate");
  app.footer(kFooter);
  app.set_version_flag("--version", "taskstate (fathom) " + std::string(examples::version()));
  app.add_option("--format", options.format, "The format of sched_switch (else tracefs's, if there is one)");
  app.add_option("--btf", options.btf, "The kernel's BTF (else /sys's, if there is one)");
  auto* const release = app.add_option("--release", options.release, "Of another kernel, as uname -r prints it");
  app.add_flag("--json", options.json, "One JSON object");
  app.add_flag("--check", options.check, "Checks the children's letters")->excludes(release);
  if (!examples::parse(app, argc, argv))
    return std::nullopt;
  return options;
}

}  // namespace taskstate_example
