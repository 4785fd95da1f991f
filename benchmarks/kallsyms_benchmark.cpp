// How fast symbols are read and looked up. Beside ours, in the same run and on the same input: only reading the file,
// an array made with getline or fscanf and searched by halves, and bcc where it is installed.
//
//   kallsyms_benchmark                                   the running kernel's symbols, or a packed capture where they
//   are hidden FATHOM_BENCH_KALLSYMS=FILE kallsyms_benchmark        a file of your own
//
// The load benchmarks count CPU time, which is mostly the kernel's own; load_for_reading reads and loads in turns, and
// its counter `load/read` is the ratio of the medians.

#include "kallsyms_baseline.hpp"
#include "packed_file.hpp"

#include <fathom/base/error.hpp>
#include <fathom/symbols/kallsyms_index.hpp>

#include <benchmark/benchmark.h>

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace fathom;

// The file that all read. A copy is removed at the end.
class Source {
 public:
  Source() {
    if (const char* const path = std::getenv("FATHOM_BENCH_KALLSYMS")) {
      path_ = path;
    } else if (KallsymsIndex::parse(bench::read_file(path_)).visibility() == KallsymsVisibility::hidden) {
      path_ = std::filesystem::temp_directory_path() / ("fathom-kallsyms-" + std::to_string(::getpid()));
      std::ofstream(path_, std::ios::binary)
          << bench::read_packed(FATHOM_BENCH_KALLSYMS_ARCHIVE, "7.3.4+deb13-amd64/kallsyms");
      copied_ = true;
    }
    text_ = bench::read_file(path_);
  }
  ~Source() {
    std::error_code ignored;
    if (copied_)
      std::filesystem::remove(path_, ignored);
  }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  const std::string& path() const { return path_; }
  const std::string& text() const { return text_; }

 private:
  std::string path_ = "/proc/kallsyms";
  std::string text_;
  bool copied_ = false;
};

const Source& source() {
  static const Source kSource;
  return kSource;
}

// Addresses within symbols, and what they are to be found as.
struct Question {
  std::uint64_t address;
  std::uint32_t index;
  std::uint64_t offset;
};

constexpr std::size_t kQuestions = 1UL << 16U;

std::vector<Question> questions(const KallsymsIndex& index) {
  std::vector<Question> all;
  std::mt19937_64 random(1);
  while (all.size() < kQuestions) {
    const Symbol symbol = index.symbols()[static_cast<std::ptrdiff_t>(random() % index.size())];
    if (const auto size = symbol.size()) {
      const std::uint64_t offset = random() % *size;
      all.push_back({symbol.address() + offset, index.aliases(symbol.address())[0].index(), offset});
    }
  }
  return all;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

void set_symbols(benchmark::State& state, std::size_t symbols) {
  state.counters["symbols"] = static_cast<double>(symbols);
}

void read_only(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(bench::only_read(source().path()));
}

// Until the first look-up is answered, in turns with only reading.
void load_for_reading(benchmark::State& state) {
  std::vector<double> reading;
  std::vector<double> loading;
  std::size_t symbols = 0;
  const auto first = KallsymsIndex::load({.path = source().path()});
  const std::uint64_t address = first.symbols()[1000].address();
  for (auto _ : state) {
    const double start = bench::cpu_seconds();
    benchmark::DoNotOptimize(bench::only_read(source().path()));
    const double between = bench::cpu_seconds();
    const auto index = KallsymsIndex::load({.path = source().path()});
    if (!index.find(address))
      state.SkipWithError("the symbol is not found");
    loading.push_back(bench::cpu_seconds() - between);
    reading.push_back(between - start);
    symbols = index.size();
  }
  state.counters["load/read"] = median(loading) / median(reading);
  state.counters["load_ms"] = 1000 * median(loading);
  state.counters["read_ms"] = 1000 * median(reading);
  set_symbols(state, symbols);
}

void load_getline(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(bench::SortedSymbols::with_getline(source().path()).size());
}

void load_fscanf(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(bench::SortedSymbols::with_fscanf(source().path()).size());
}

// Text in memory to an index that answers by address.
void parse(benchmark::State& state) {
  const std::string& text = source().text();
  std::size_t symbols = 0;
  for (auto _ : state) {
    const auto index = KallsymsIndex::parse(text);
    if (index.stats().skipped_records() != 0 || (symbols != 0 && symbols != index.size()))
      state.SkipWithError("lines were skipped, or the result differs");
    symbols = index.size();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(text.size()) * state.iterations());
  set_symbols(state, symbols);
}

// All names are indexed, and then all memory is counted.
void index_names(benchmark::State& state) {
  std::size_t bytes = 0;
  std::size_t symbols = 0;
  for (auto _ : state) {
    state.PauseTiming();
    std::optional<KallsymsIndex> index = KallsymsIndex::parse(source().text());
    state.ResumeTiming();
    benchmark::DoNotOptimize(index->named("vfs_read").size());
    state.PauseTiming();
    bytes = index->allocated_bytes();
    symbols = index->size();
    index.reset();
    state.ResumeTiming();
  }
  set_symbols(state, symbols);
  state.counters["bytes_a_symbol"] = static_cast<double>(bytes) / static_cast<double>(symbols);
}

void find_address(benchmark::State& state) {
  const auto index = KallsymsIndex::parse(source().text());
  const std::vector<Question> all = questions(index);
  std::uint64_t expected = 0;
  for (const Question& question : all)
    expected += question.index + question.offset;
  for (auto _ : state) {
    std::uint64_t sum = 0;
    for (const Question& question : all) {
      const auto hit = index.find(question.address);
      sum += hit->index() + hit->offset();
    }
    if (sum != expected)
      state.SkipWithError("a wrong symbol");
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(all.size()) * state.iterations());
}

void find_address_bsearch(benchmark::State& state) {
  const auto index = KallsymsIndex::parse(source().text());
  const auto sorted = bench::SortedSymbols::with_getline(source().path());
  const std::vector<Question> all = questions(index);
  std::uint64_t expected = 0;
  for (const Question& question : all)
    expected += question.offset;
  for (auto _ : state) {
    std::uint64_t sum = 0;
    for (const Question& question : all)
      sum += question.address - sorted.find(question.address)->address;
    if (sum != expected)
      state.SkipWithError("a wrong symbol");
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(all.size()) * state.iterations());
}

// Of so many different names, in turn: of few the memory that they touch is near, of many it is not.
void find_name(benchmark::State& state) {
  const auto index = KallsymsIndex::parse(source().text());
  // Names that lie where a caller's would, not in the snapshot.
  std::vector<std::string> names;
  std::uint64_t expected = 0;
  std::vector<Question> all = questions(index);
  all.resize(static_cast<std::size_t>(state.range()));
  for (const Question& question : all) {
    names.emplace_back(index.symbols()[question.index].name());
    expected += index.named(names.back()).front().index();
  }
  for (auto _ : state) {
    std::uint64_t sum = 0;
    for (const std::string& name : names)
      sum += index.named(name).front().index();
    if (sum != expected)
      state.SkipWithError("a wrong symbol");
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(names.size()) * state.iterations());
}

void find_name_one_by_one(benchmark::State& state) {
  const auto sorted = bench::SortedSymbols::with_getline(source().path());
  for (auto _ : state)
    benchmark::DoNotOptimize(sorted.named("vfs_read"));
}

BENCHMARK(read_only)->Unit(benchmark::kMillisecond);
BENCHMARK(load_for_reading)->Unit(benchmark::kMillisecond);
BENCHMARK(load_getline)->Unit(benchmark::kMillisecond);
BENCHMARK(load_fscanf)->Unit(benchmark::kMillisecond);
BENCHMARK(parse)->Unit(benchmark::kMillisecond);
BENCHMARK(index_names)->Unit(benchmark::kMillisecond);
BENCHMARK(find_address);
BENCHMARK(find_address_bsearch);
BENCHMARK(find_name)->Arg(1L << 12U)->Arg(1L << 16U);
BENCHMARK(find_name_one_by_one)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
