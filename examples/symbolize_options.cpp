#include "symbolize_options.hpp"

#include "common/command_line.hpp"
#include "common/program.hpp"

#include <fmt/core.h>

#include <charconv>

namespace symbolize {

namespace {

using examples::UsageError;

constexpr const char* kDescription =
    "Names code addresses: function, offset, source file and line, and the functions that were inlined there.\n\n"
    "       symbolize [OPTIONS] PID ADDRESS...\n"
    "       symbolize [OPTIONS] --exe FILE | --maps FILE | --kernel ADDRESS...\n";

constexpr const char* kFooter =
    R"(
ADDRESS is a number in hex digits, with or without 0x; `-` reads them from standard input, as many in a line as there are.

Debug information is looked for in the binary, below the debug roots (by build id, or the name in .gnu_debuglink), beside
the binary, and on the servers of --debuginfod-urls or DEBUGINFOD_URLS.

Exit status: 0 where each address has a function; 1 where one has none, or a message `symbolize: cannot ...` says what
failed; 2 wrong usage.

  symbolize 4711 0x7f0d1c0a1234               a process
  symbolize --exe /bin/ls --verbose 5b10      a file; addresses as nm prints them
  symbolize --kernel ffffffff8136d9e0         the running kernel (root)
  symbolize --kernel --kallsyms saved --vmlinux vmlinux ADDRESS...   another kernel; build ids are not compared then,
                                              and modules have no names, for where they lie is not in the file
  symbolize --maps saved.maps --sysroot copy -   another machine's process, addresses from standard input
)";

void take_words(Options& options, std::vector<std::string> words, bool wants_pid) {
  if (wants_pid) {
    if (words.empty())
      throw UsageError("give PID ADDRESS..., or one of --exe, --maps and --kernel");
    int pid = 0;
    const std::string& text = words.front();
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), pid);
    if (ec != std::errc{} || end != text.data() + text.size() || pid <= 0)
      throw UsageError(fmt::format("'{}' is no PID", text));
    options.pid = pid;
    words.erase(words.begin());
  }
  for (const std::string& word : words) {
    if (word == "-") {
      options.from_stdin = true;
    } else if (const std::optional<std::uint64_t> address = parse_address(word)) {
      options.addresses.push_back(*address);
    } else {
      throw UsageError(fmt::format("'{}' is no address in hex digits", word));
    }
  }
  if (options.addresses.empty() && !options.from_stdin)
    throw UsageError("no ADDRESS: give some, or - to read them from standard input");
}

}  // namespace

std::optional<std::uint64_t> parse_address(std::string_view text) {
  if (text.starts_with("0x") || text.starts_with("0X"))
    text.remove_prefix(2);
  std::uint64_t address = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), address, 16);
  if (ec != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return address;
}

std::optional<Options> parse_options(int argc, const char* const* argv) {
  Options options;
  std::vector<std::string> words;
  bool no_inlines = false;
  bool no_lines = false;

  CLI::App app(kDescription, "symbolize");
  app.footer(kFooter);
  app.set_version_flag("--version", "symbolize (fathom) " + std::string(examples::version()));
  app.add_option("words", words)->group("");

  const std::string whose = "Whose addresses";
  app.add_option("--exe", options.exe, "A program or library")->type_name("FILE")->group(whose);
  app.add_option("--maps", options.maps, "A copy of /proc/PID/maps")->type_name("FILE")->group(whose);
  app.add_flag("--kernel", options.kernel, "The kernel and its modules")->group(whose);
  app.add_flag("--offsets", options.file_offsets, "With --exe: bytes from the start of the file")->group(whose);
  app.add_flag("--return-addresses", options.return_addresses, "Look up the call before each address")->group(whose);

  const std::string where = "Where to look";
  app.add_option("--debug-root", options.debug_roots, "Instead of /usr/lib/debug; may be repeated")
      ->allow_extra_args(false)
      ->type_name("DIR")
      ->group(where);
  app.add_option("--debuginfod-urls", options.debuginfod_urls, "Instead of DEBUGINFOD_URLS; '' for none")
      ->type_name("URLS")
      ->group(where);
  app.add_option("--debuginfod-cache", options.debuginfod_cache, "Where debuginfod keeps its files")
      ->type_name("DIR")
      ->group(where);
  app.add_option("--sysroot", options.sysroot, "With --maps: a copy of the other machine's files")
      ->type_name("DIR")
      ->group(where);
  app.add_option("--vmlinux", options.vmlinux, "With --kernel: the kernel with its symbols")
      ->type_name("FILE")
      ->group(where);
  app.add_option("--kallsyms", options.kallsyms,
                 "With --kernel: a saved kallsyms, maybe of another kernel, whose --vmlinux it needs")
      ->type_name("FILE")
      ->group(where);

  const std::string show = "What to show";
  app.add_flag("--no-inlines", no_inlines, "Only the function that an address belongs to")->group(show);
  app.add_flag("--no-lines", no_lines, "Only names, from symbol tables: no debug file is looked for")->group(show);
  app.add_flag("--json", options.json, "One JSON object a line and address")->group(show);
  app.add_flag("-v,--verbose", options.verbose, "The binary, its build id and debug file as well")->group(show);

  if (!examples::parse(app, argc, argv))
    return std::nullopt;
  const int sources = (options.exe ? 1 : 0) + (options.maps ? 1 : 0) + (options.kernel ? 1 : 0);
  if (sources > 1)
    throw UsageError("give one of --exe, --maps and --kernel");
  if (options.file_offsets && !options.exe)
    throw UsageError("--offsets goes with --exe");
  if (!options.sysroot.empty() && !options.maps)
    throw UsageError("--sysroot goes with --maps");
  if (!options.vmlinux.empty() && !options.kernel)
    throw UsageError("--vmlinux goes with --kernel");
  if (options.kallsyms && !options.kernel)
    throw UsageError("--kallsyms goes with --kernel");
  take_words(options, std::move(words), sources == 0);
  options.inlines = !no_inlines;
  options.lines = !no_lines;
  return options;
}

}  // namespace symbolize
