#include "whynot_options.hpp"

#include "common/command_line.hpp"
#include "common/program.hpp"

#include <algorithm>

namespace whynot {

namespace {

constexpr const char* kDescription = "Can ftrace, kprobes or BPF see a kernel function, and if not, why?";

constexpr const char* kFooter = R"(
For each FUNCTION, as /proc/kallsyms spells it (`vfs_read`, `ext4_file_open [ext4]`, `ext4:ext4_file_open`), one line for
each way to trace it: yes, no or unknown, with the reasons, and what to do instead. What the compiler made of the function
(`foo.isra.0`, `foo.cold`) follows, each with its own. "unknown" names the file that could not be read; so does standard
error.

Without debugging information nobody knows where a function was inlined: a name that the kernel does not have may be that.

Exit status: 0 if each FUNCTION, or a part of it, can surely be traced in some way; 1 if one cannot, or that could not be
told; 2 wrong usage.

Needs root: tracefs, debugfs and addresses in /proc/kallsyms are root's. Nothing is changed or tried.

  whynot do_int3                          ftrace can, kprobes cannot
  whynot --module ext4 ext4_file_open     a function of a module
  whynot --json vfs_read vfs_raed         an object a line
  whynot --root /mnt/copy vfs_read        another kernel's files, copied with their paths
)";

}  // namespace

std::optional<Options> parse_options(int argc, const char* const* argv) {
  Options options;
  CLI::App app(kDescription, "whynot");
  app.footer(kFooter);
  app.set_version_flag("--version", "whynot (fathom) " + std::string(examples::version()));
  app.add_option("FUNCTION", options.functions, "Names of kernel functions")->required();
  app.add_option("-m,--module", options.module, "Look for them in this module only")->type_name("MODULE");
  app.add_option("--kallsyms", options.kallsyms, "Read symbols from this file, not /proc/kallsyms; - is standard input")
      ->type_name("FILE");
  app.add_option("--root", options.root, "Read all files below this directory: DIR/proc/kallsyms and so on")
      ->type_name("DIR");
#ifdef WHYNOT_READS_DWARF
  app.add_option("--vmlinux", options.vmlinux, "Learn from its debugging information what was inlined; takes seconds")
      ->type_name("FILE");
#endif
  app.add_flag("--json", options.json, "Print an object a line");
  if (!examples::parse(app, argc, argv))
    return std::nullopt;
  if (std::ranges::find(options.functions, "") != options.functions.end())
    throw examples::UsageError("a FUNCTION is empty");
  if (options.kallsyms == "-")
    options.kallsyms = "/dev/stdin";
  return options;
}

}  // namespace whynot
