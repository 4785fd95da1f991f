// symbolize: whose code are these addresses? Of a process, a file, a saved map, or the kernel.
//
// Shows ElfSymbolizer with each of its sources, ElfFiles for where debug information is found, and parse_maps.

#include "common/input.hpp"
#include "common/output.hpp"
#include "common/program.hpp"
#include "symbolize_options.hpp"
#include "symbolize_print.hpp"

#include <fathom/base/error.hpp>
#include <fathom/symbols/elf_symbolizer.hpp>

#include <iostream>

namespace {

using namespace symbolize;

constexpr std::string_view kName = "symbolize";

fathom::ProcessMap read_saved_map(const std::string& path) {
  // A process has some 65,000 mappings at most, unless vm.max_map_count was raised.
  constexpr std::size_t kMost = 64U << 20U;
  examples::Input input(path);
  std::string text;
  for (std::string_view chunk = input.next(); !chunk.empty(); chunk = input.next()) {
    text += chunk;
    if (text.size() > kMost)
      throw fathom::Error(std::errc::file_too_large, "read", input.name(), "is this a copy of /proc/PID/maps?");
  }
  fathom::ProcessMap map = fathom::parse_maps(text);
  if (map.stats.skipped_records() != 0)
    examples::tell(kName, path + ": skipped " + std::to_string(map.stats.skipped_records()) + " of " +
                              std::to_string(map.stats.records) + " lines");
  return map;
}

fathom::ElfSymbolizer make_symbolizer(const Options& options) {
  fathom::ElfFilesOptions how{.source_lines = options.lines,
                              .debuginfod_urls = options.debuginfod_urls,
                              .debuginfod_cache = options.debuginfod_cache};
  if (!options.debug_roots.empty())
    how.debug_roots = options.debug_roots;
  auto files = std::make_shared<fathom::ElfFiles>(std::move(how));
  if (options.kernel) {
    fathom::KernelSymbolsOptions kernel{.files = std::move(files), .vmlinux = options.vmlinux};
    if (options.kallsyms) {
      kernel.kallsyms = *options.kallsyms;
      kernel.sys.clear();  // what this machine's sysfs says is of another kernel
    }
    return fathom::ElfSymbolizer::of_kernel(std::move(kernel));
  }
  if (options.exe)
    return fathom::ElfSymbolizer::of_file(
        *options.exe,
        {.files = std::move(files),
         .addresses = options.file_offsets ? fathom::FileAddress::file_offset : fathom::FileAddress::elf_address});
  if (options.maps)
    return fathom::ElfSymbolizer::of_maps(read_saved_map(*options.maps),
                                          {.files = std::move(files), .sysroot = options.sysroot});
  return fathom::ElfSymbolizer::of_process(*options.pid, {.files = std::move(files)});
}

int run(int argc, const char* const* argv) {
  const std::optional<Options> options = parse_options(argc, argv);
  if (!options)
    return 0;
  fathom::ElfSymbolizer symbolizer = make_symbolizer(*options);
  examples::Output output = examples::Output::standard_output();
  const auto kind = options->return_addresses ? fathom::AddressKind::return_address : fathom::AddressKind::instruction;
  int status = 0;
  const auto show = [&](std::uint64_t address) {
    const fathom::SymbolizedAddress hit = symbolizer.symbolize(address, kind);
    print(output.stream(), hit, *options);
    if (!hit)
      status = examples::kFailure;
  };
  for (const std::uint64_t address : options->addresses)
    show(address);
  std::string word;
  while (options->from_stdin && std::cin >> word) {
    if (const std::optional<std::uint64_t> address = parse_address(word)) {
      show(*address);
      output.stream().flush();  // who asks may wait for the answer before the next question
    } else {
      examples::tell(kName, "'" + word + "' is no address in hex digits");
      status = examples::kFailure;
    }
  }
  output.close();
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program(kName, [&] { return run(argc, argv); });
}
