// The same work by bcc: only where libbpfcc is installed. It reads the running kernel's symbols and no other.

#include <benchmark/benchmark.h>

#include <bcc/bcc_syms.h>

#include <cstdint>

namespace {

constexpr int kKernel = -1;

std::uint64_t address_of(void* symbols, const char* name) {
  std::uint64_t address = 0;
  bcc_symcache_resolve_name(symbols, nullptr, name, &address);
  return address;
}

void load_bcc(benchmark::State& state) {
  for (auto _ : state) {
    void* const symbols = bcc_symcache_new(kKernel, nullptr);
    bcc_symbol symbol{};
    benchmark::DoNotOptimize(bcc_symcache_resolve_no_demangle(symbols, 0xffff'ffff'8100'1000, &symbol));
    bcc_free_symcache(symbols, kKernel);
  }
}

void find_name_bcc(benchmark::State& state) {
  void* const symbols = bcc_symcache_new(kKernel, nullptr);
  for (auto _ : state)
    benchmark::DoNotOptimize(address_of(symbols, "vfs_read"));
  bcc_free_symcache(symbols, kKernel);
}

void find_address_bcc(benchmark::State& state) {
  void* const symbols = bcc_symcache_new(kKernel, nullptr);
  const std::uint64_t address = address_of(symbols, "vfs_read") + 4;
  bcc_symbol symbol{};
  for (auto _ : state)
    benchmark::DoNotOptimize(bcc_symcache_resolve_no_demangle(symbols, address, &symbol));
  bcc_free_symcache(symbols, kKernel);
}

BENCHMARK(load_bcc)->Unit(benchmark::kMillisecond);
BENCHMARK(find_address_bcc);
BENCHMARK(find_name_bcc);

}  // namespace
