// How fast function_graph text becomes events, and a tree. Beside ours, on the same bytes: counting newlines as wc -l
// does (the least that any reader of lines can do), and a parser of getline and sscanf.
//
//   function_graph_benchmark                                    the packed captures, repeated
//   FATHOM_BENCH_TRACE=trace.txt function_graph_benchmark       a trace of your own

#include "function_graph_baseline.hpp"
#include "trace_input.hpp"

#include <fathom/graph/call_forest.hpp>
#include <fathom/graph/function_graph_parser.hpp>

#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace {

using namespace fathom;

// Looks at every field of every event, so that none is left out by the compiler.
class ChecksumSink {
 public:
  FunctionTable& functions() { return functions_; }

  void on(const GraphEntry& e) {
    add(e.context);
    add(static_cast<std::uint64_t>(e.function));
    add(e.depth);
    add(e.leaf ? 1 : 0);
    add(e.args);
    add(e.caller);
    ++(e.leaf ? leaves_ : entries_);
  }
  void on(const GraphExit& e) {
    add(e.context);
    add(static_cast<std::uint64_t>(e.function));
    add(e.depth);
    add(e.leaf ? 1 : 0);
    add(e.duration ? static_cast<std::uint64_t>(e.duration->count()) : 1);
    add(static_cast<std::uint64_t>(e.precision.count()));
    add(e.retval.value_or(1));
    add(e.overruns.value_or(1));
    if (!e.leaf)
      ++exits_;
    if (e.duration)
      nanoseconds_ += static_cast<std::uint64_t>(e.duration->count());
  }
  void on(const TaskChange& e) {
    add(e.cpu.value_or(1));
    add(e.previous);
    add(e.next);
  }
  void on(const Loss& e) {
    add(e.cpu.value_or(1));
    add(e.events.value_or(1));
  }
  void on(const GraphComment& e) {
    add(e.context);
    add(e.text);
  }

  [[nodiscard]] std::uint64_t checksum() const { return sum_; }
  [[nodiscard]] bench::BaselineResult counts() const { return {entries_, leaves_, exits_, nanoseconds_}; }

 private:
  void add(std::uint64_t value) { sum_ = (sum_ ^ value) * 0x9e37'79b9'7f4a'7c15U; }
  void add(std::string_view text) {
    add(text.size());
    if (!text.empty())
      add(static_cast<unsigned char>(text.front()) * 256U + static_cast<unsigned char>(text.back()));
  }
  void add(const Task& task) {
    add(static_cast<std::uint64_t>(task.pid));
    add(task.comm);
  }
  void add(const EventContext& context) {
    add(context.cpu.value_or(1));
    add(context.time.value_or(Timestamp{1}).nanoseconds);
    if (context.task)
      add(*context.task);
    if (context.flags)
      add(static_cast<unsigned char>(context.flags->irqs));
  }

  FunctionTable functions_;
  std::uint64_t sum_ = 0;
  std::uint64_t entries_ = 0;
  std::uint64_t leaves_ = 0;
  std::uint64_t exits_ = 0;
  std::uint64_t nanoseconds_ = 0;
};

const std::string& trace(bool full) {
  return full ? bench::full_trace() : bench::default_trace();
}

void set_rates(benchmark::State& state, std::size_t bytes, std::uint64_t lines) {
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes) * state.iterations());
  state.counters["lines/s"] =
      benchmark::Counter(static_cast<double>(lines), benchmark::Counter::kIsIterationInvariantRate);
}

std::uint64_t count_newlines(std::string_view text) {
  std::uint64_t lines = 0;
  const char* p = text.data();
  const char* const end = p + text.size();
  while ((p = static_cast<const char*>(std::memchr(p, '\n', static_cast<std::size_t>(end - p)))) != nullptr) {
    ++p;
    ++lines;
  }
  return lines;
}

void newlines(benchmark::State& state, bool full) {
  const std::string& text = trace(full);
  std::uint64_t lines = 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(lines = count_newlines(text));
  set_rates(state, text.size(), lines);
}

bool same_counts(const bench::BaselineResult& a, const bench::BaselineResult& b) {
  return a.entries == b.entries && a.leaves == b.leaves && a.exits == b.exits;
}

void sscanf_baseline(benchmark::State& state, bool full) {
  const std::string& text = trace(full);
  FunctionGraphParser parser;
  ChecksumSink sink;
  parser.feed(text, sink);
  parser.finish(sink);
  for (auto _ : state) {
    const auto result = full ? bench::parse_full_with_sscanf(text) : bench::parse_with_sscanf(text);
    if (!same_counts(result, sink.counts()))
      state.SkipWithError("the two parsers differ");
  }
  set_rates(state, text.size(), parser.stats().records);
}

void to_events(benchmark::State& state, bool full) {
  const std::string& text = trace(full);
  std::uint64_t expected = 0;
  std::uint64_t lines = 0;
  for (auto _ : state) {
    FunctionGraphParser parser;
    ChecksumSink sink;
    parser.feed(text, sink);
    parser.finish(sink);
    const ParseStats stats = parser.stats();
    lines = stats.records;
    if (expected == 0)
      expected = sink.checksum();
    if (sink.checksum() != expected || stats.skipped_records() != 0)
      state.SkipWithError("the result differs, or lines were skipped");
  }
  set_rates(state, text.size(), lines);
}

void to_tree(benchmark::State& state, bool full) {
  const std::string& text = trace(full);
  std::uint64_t lines = 0;
  std::uint32_t calls = 0;
  std::size_t bytes = 0;
  for (auto _ : state) {
    FunctionGraphParser parser;
    CallForest forest;
    parser.feed(text, forest);
    parser.finish(forest);
    forest.finish();
    const ParseStats stats = parser.stats();
    lines = stats.records;
    if (stats.skipped_records() != 0 || (calls != 0 && calls != forest.calls()))
      state.SkipWithError("the result differs, or lines were skipped");
    calls = forest.calls();
    bytes = forest.allocated_bytes();
  }
  set_rates(state, text.size(), lines);
  state.counters["calls"] = static_cast<double>(calls);
  state.counters["bytes_a_call"] = static_cast<double>(bytes) / static_cast<double>(calls);
}

BENCHMARK_CAPTURE(newlines, default_columns, false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(sscanf_baseline, default_columns, false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(to_events, default_columns, false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(to_tree, default_columns, false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(newlines, all_columns, true)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(sscanf_baseline, all_columns, true)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(to_events, all_columns, true)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(to_tree, all_columns, true)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
