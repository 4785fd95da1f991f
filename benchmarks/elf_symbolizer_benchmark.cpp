// What a look-up costs: ElfSymbolizer, once it knows the address and when it knows only the file, beside libdwfl's own
// look-up of the symbol alone, dwfl_module_addrinfo. On a big library: the C++ standard library of this very program.

#include <fathom/symbols/elf_symbolizer.hpp>

#include <benchmark/benchmark.h>

#include <elfutils/libdwfl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace fathom;

constexpr std::size_t kAddresses = 1024;

std::shared_ptr<ElfFiles> files(std::size_t remembered) {
  return std::make_shared<ElfFiles>(
      ElfFilesOptions{.source_lines = false, .debuginfod_urls = "", .max_cached_addresses = remembered});
}

// Addresses in functions of libstdc++, as this process has them.
const std::vector<std::uint64_t>& addresses() {
  static const std::vector<std::uint64_t> kList = [] {
    std::vector<std::uint64_t> list;
    const ProcessMap map = read_maps(::getpid());
    auto symbolizer = ElfSymbolizer::of_process(::getpid(), {.files = files(1U << 20U)});
    std::mt19937_64 random(1);
    for (const ProcessMapping& mapping : map.mappings) {
      if (!mapping.executable || mapping.path.find("libstdc++") == std::string::npos)
        continue;
      while (list.size() < kAddresses) {
        const std::uint64_t address = mapping.start + random() % (mapping.end - mapping.start);
        const auto hit = symbolizer.symbolize(address);
        if (hit && !hit.frames().back().linkage_name.ends_with("@plt"))
          list.push_back(address);
      }
    }
    if (list.empty()) {
      std::cerr << "this program has no libstdc++ mapped\n";
      std::exit(1);
    }
    return list;
  }();
  return kList;
}

void symbolize(benchmark::State& state, std::size_t remembered) {
  auto symbolizer = ElfSymbolizer::of_process(::getpid(), {.files = files(remembered)});
  for (const std::uint64_t address : addresses())
    benchmark::DoNotOptimize(symbolizer.symbolize(address));
  std::size_t at = 0;
  for (auto _ : state) {
    const SymbolizedAddress hit = symbolizer.symbolize(addresses()[at++ % kAddresses]);
    if (!hit) {
      state.SkipWithError("an address has lost its name");
      return;
    }
  }
}

void known_address(benchmark::State& state) {
  symbolize(state, 2 * kAddresses);
}
void known_file(benchmark::State& state) {
  symbolize(state, 1);
}

void dwfl_addrinfo(benchmark::State& state) {
  static constexpr Dwfl_Callbacks kCallbacks = {.find_elf = dwfl_linux_proc_find_elf,
                                                .find_debuginfo = dwfl_standard_find_debuginfo,
                                                .section_address = dwfl_offline_section_address,
                                                .debuginfo_path = nullptr};
  const std::unique_ptr<Dwfl, decltype(&dwfl_end)> dwfl(dwfl_begin(&kCallbacks), &dwfl_end);
  if (dwfl_linux_proc_report(dwfl.get(), ::getpid()) != 0 || dwfl_report_end(dwfl.get(), nullptr, nullptr) != 0) {
    state.SkipWithError("libdwfl cannot read this process");
    return;
  }
  auto symbolizer = ElfSymbolizer::of_process(::getpid(), {.files = files(2 * kAddresses)});
  std::size_t at = 0;
  for (auto _ : state) {
    const std::uint64_t address = addresses()[at++ % kAddresses];
    GElf_Off offset = 0;
    GElf_Sym symbol;
    Dwfl_Module* const module = dwfl_addrmodule(dwfl.get(), address);
    const char* const name = dwfl_module_addrinfo(module, address, &offset, &symbol, nullptr, nullptr, nullptr);
    benchmark::DoNotOptimize(name);
    if (name == nullptr || offset != symbolizer.symbolize(address).offset()) {
      state.SkipWithError("libdwfl says something else");
      return;
    }
  }
}

BENCHMARK(known_address);
BENCHMARK(known_file);
BENCHMARK(dwfl_addrinfo);

}  // namespace

BENCHMARK_MAIN();
