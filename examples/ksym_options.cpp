#include "ksym_options.hpp"

#include "common/command_line.hpp"
#include "common/program.hpp"

#include <fathom/symbols/symbol_type.hpp>

#include <string_view>

namespace ksym {

namespace {

using examples::UsageError;

constexpr const char* kDescription =
    "Names the kernel's addresses, and gives the addresses of its names.\n\n"
    "       ksym [OPTIONS] ADDRESS|NAME|GLOB...\n";

constexpr const char* kFooter =
    R"(
ADDRESS is hexadecimal, with or without 0x: 0xffffffff81000010. Without 0x it must have 8 digits at least, so that `add`
is a name. NAME is the whole name of a symbol. GLOB has *, ? or [...], as ftrace's filters take them: 'vfs_*'.

For each symbol: its address, its size if the file tells, its type letter, its name with the offset of the address that
was asked for and its module, what the letter means, and other names of that address.

Exit status: 0 if every argument names a symbol; 1 if one does not (the nearest names are given), or for a failure: a
message `ksym: cannot ...`; 2 wrong usage.

Addresses of the running kernel need CAP_SYSLOG. In a saved file without addresses (all zero) names can be looked up.

  ksym 0xffffffff81000010                      whose address is that?
  ksym vfs_read 'vfs_w*'                       where are they?
  ksym --module ext4 --type T '*'              what does ext4 export?
  ksym --type bss --no-labels 'init_*'         by kind of section
  ksym --kallsyms saved.txt --json do_exit     in a copy, as JSON
)";

bool is_section(std::string_view word) {
  for (int i = 0; i <= static_cast<int>(fathom::SymbolSection::unknown); ++i) {
    if (to_string(static_cast<fathom::SymbolSection>(i)) == word)
      return true;
  }
  return false;
}

// "Tt", or a section as SymbolSection has it. A word that is both is a section.
void parse_type(const std::string& type, Options& options) {
  if (is_section(type)) {
    options.section = type;
    return;
  }
  for (const char letter : type) {
    if (!fathom::SymbolType(letter).known() && letter != '?')
      throw UsageError(
          "--type " + type + ": '" + letter +
          "' is no symbol type; give letters such as Tt, or one of text, data, read_only, bss, small_data, "
          "small_bss, absolute, weak, weak_object, debug");
  }
  options.types = type;
}

}  // namespace

std::optional<Options> parse_options(int argc, const char* const* argv) {
  CLI::App app(kDescription, "ksym");
  app.footer(kFooter);
  app.set_version_flag("--version", "ksym (fathom) " + std::string(examples::version()));
  Options options;
  std::string type;
  std::string module;
  bool no_labels = false;
  app.add_option("QUERY", options.queries, "Addresses, names, globs")->required()->type_name("");
  app.add_option("-t,--type", type, "Only symbols of these type letters, or of this kind of section")
      ->type_name("LETTERS|SECTION");
  app.add_option("-m,--module", module, "Only symbols of this module; `kernel` for those of the kernel itself")
      ->type_name("MODULE");
  app.add_option("--kallsyms", options.kallsyms, "Read this file (default: /proc/kallsyms); - is standard input")
      ->type_name("FILE");
  app.add_flag("--no-labels", no_labels, "Without labels of the compiler: __pfx_*, __cfi_*, $x");
  app.add_flag("--json", options.json, "A JSON object a line, one for each argument");
  if (!examples::parse(app, argc, argv))
    return std::nullopt;
  parse_type(type, options);
  if (options.kallsyms == "-")
    options.kallsyms = "/dev/stdin";
  if (!module.empty())
    options.module = module;
  options.labels = !no_labels;
  return options;
}

}  // namespace ksym
