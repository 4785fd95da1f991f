// How fast pages become the kernel's text. Beside it, in the same run: copying that text once, which is the least that
// any writer of it can do, and decoding the pages without printing.

#include "packed_file.hpp"

#include <fathom/output/trace_text_printer.hpp>
#include <fathom/rawtrace/page_decoder.hpp>
#include <fathom/symbols/kallsyms_index.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace {

using namespace fathom;

constexpr std::size_t kBytes = std::size_t{16} << 20U;
constexpr std::size_t kPage = 4096;

std::string packed(const std::string& member) {
  return bench::read_packed(FATHOM_BENCH_RAW, "./6.1.0-56-amd64/" + member);
}

// A capture's pages, repeated, and what prints them.
struct Input {
  struct Event {
    const char* system;
    const char* name;
  };

  FormatRegistry formats;
  KallsymsIndex symbols = KallsymsIndex::parse(packed("kallsyms"));
  TraceTextOptions options;
  std::string pages;
  std::string text;  // as it is printed
  std::uint64_t lines = 0;

  Input(const std::string& capture, bool function_graph, std::initializer_list<Event> events)
      : formats(*PageLayout::parse(packed("events/header_page"))) {
    for (const Event& event : events)
      formats.add(event.system, packed("events/" + std::string(event.system) + '/' + event.name + "/format"));
    options.function_graph = function_graph;
    const std::string once = packed("raw/" + capture);
    constexpr std::uint64_t kStep = 10'000'000'000;
    for (std::uint64_t later = 0; pages.size() < kBytes; later += kStep) {
      const std::size_t first = pages.size();
      pages += once;
      for (std::size_t page = first; page < pages.size(); page += kPage) {
        std::uint64_t time = 0;
        std::memcpy(&time, pages.data() + page, sizeof time);
        time += later;
        std::memcpy(pages.data() + page, &time, sizeof time);
      }
    }
    print([this](std::string_view piece) { text += piece; });
    lines = static_cast<std::uint64_t>(std::ranges::count(text, '\n'));
  }

  // What could not be printed as the kernel does: none of it may be here.
  std::size_t print(TraceTextPrinter::Write write) const {
    TraceTextSources sources;
    sources.symbols = AddressNames(symbols);
    TraceTextPrinter printer(formats, std::move(sources), options, std::move(write));
    PageDecoder decoder(formats);
    decoder.feed(1, std::as_bytes(std::span(pages)), printer);
    printer.finish();
    return printer.gaps().size();
  }
};

const Input& input(int which) {
  static const std::array<std::unique_ptr<Input>, 3> kInputs = {
      std::make_unique<Input>("fgraph-2cpu/cpu1.raw", true,
                              std::initializer_list<Input::Event>{{"ftrace", "funcgraph_entry"},
                                                                  {"ftrace", "funcgraph_exit"},
                                                                  {"ftrace", "function"},
                                                                  {"ftrace", "kernel_stack"}}),
      std::make_unique<Input>(
          "function/cpu1.raw", false,
          std::initializer_list<Input::Event>{{"ftrace", "function"}, {"ftrace", "print"}, {"ftrace", "raw_data"}}),
      std::make_unique<Input>("events-sched-syscalls-irq/cpu0.raw", false,
                              std::initializer_list<Input::Event>{{"ftrace", "print"},
                                                                  {"ftrace", "raw_data"},
                                                                  {"raw_syscalls", "sys_enter"},
                                                                  {"raw_syscalls", "sys_exit"},
                                                                  {"sched", "sched_switch"},
                                                                  {"sched", "sched_waking"},
                                                                  {"sched", "sched_wakeup"},
                                                                  {"sched", "sched_wakeup_new"},
                                                                  {"sched", "sched_stat_runtime"},
                                                                  {"sched", "sched_migrate_task"},
                                                                  {"sched", "sched_process_exit"},
                                                                  {"sched", "sched_process_fork"},
                                                                  {"sched", "sched_process_free"},
                                                                  {"sched", "sched_process_wait"},
                                                                  {"irq", "softirq_entry"},
                                                                  {"irq", "softirq_exit"},
                                                                  {"irq", "softirq_raise"},
                                                                  {"irq", "irq_handler_entry"},
                                                                  {"irq", "irq_handler_exit"}})};
  return *kInputs.at(static_cast<std::size_t>(which));
}

void set_rates(benchmark::State& state, const Input& in) {
  const auto rounds = static_cast<std::uint64_t>(state.iterations());
  state.SetBytesProcessed(static_cast<std::int64_t>(rounds * in.text.size()));
  state.counters["lines"] = benchmark::Counter(static_cast<double>(rounds * in.lines), benchmark::Counter::kIsRate);
}

void copy_text(benchmark::State& state) {
  const Input& in = input(static_cast<int>(state.range(0)));
  std::string copy(in.text.size(), '\0');
  for (auto _ : state) {
    std::memcpy(copy.data(), in.text.data(), copy.size());
    benchmark::DoNotOptimize(copy.data());
  }
  set_rates(state, in);
}

void decode_only(benchmark::State& state) {
  const Input& in = input(static_cast<int>(state.range(0)));
  struct {
    std::uint64_t sum = 0;
    void on(const RawRecord& record) { sum += record.time + record.id + record.size; }
  } sink;
  for (auto _ : state) {
    PageDecoder decoder(in.formats);
    decoder.feed(1, std::as_bytes(std::span(in.pages)), sink);
    benchmark::DoNotOptimize(sink.sum);
  }
  set_rates(state, in);
}

void print(benchmark::State& state) {
  const Input& in = input(static_cast<int>(state.range(0)));
  std::string text(in.text.size(), '\0');
  for (auto _ : state) {
    std::size_t size = 0;
    const std::size_t gaps = in.print([&](std::string_view piece) {
      if (size + piece.size() <= text.size())
        std::memcpy(text.data() + size, piece.data(), piece.size());
      size += piece.size();
    });
    if (gaps != 0 || size != text.size() || std::memcmp(text.data(), in.text.data(), size) != 0)
      state.SkipWithError("another text");  // or an event whose format is not among those above
  }
  set_rates(state, in);
}

// 0: function_graph, 1: function, 2: sched, irq and raw_syscalls events.
BENCHMARK(copy_text)->DenseRange(0, 2)->Unit(benchmark::kMillisecond);
BENCHMARK(decode_only)->DenseRange(0, 2)->Unit(benchmark::kMillisecond);
BENCHMARK(print)->DenseRange(0, 2)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
