// How fast pages of function_graph become records, events and a tree. Beside ours, on the same bytes: adding up all
// words (the least that any reader of memory can do), and a loop that knows one kernel's layout by heart. At the end
// two threads against two processes: what they share would show.

#include "packed_file.hpp"
#include "paired_ratio.hpp"

#include <fathom/graph/call_forest.hpp>
#include <fathom/rawtrace/event_merger.hpp>
#include <fathom/rawtrace/graph_decoder.hpp>
#include <fathom/rawtrace/page_decoder.hpp>
#include <fathom/symbols/kallsyms_index.hpp>

#include <benchmark/benchmark.h>

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace fathom;

constexpr std::size_t kBytes = std::size_t{64} << 20U;
constexpr std::size_t kPage = 4096;

std::string packed(const std::string& member) {
  return bench::read_packed(FATHOM_BENCH_RAW, "./6.1.0-56-amd64/" + member);
}

// What is counted with either decoder.
struct Totals {
  std::uint64_t entries = 0;
  std::uint64_t exits = 0;
  std::uint64_t nanoseconds = 0;
  friend bool operator==(const Totals&, const Totals&) = default;
};

// Linux 6.1 on x86-64: 4 bytes of head, then the record; entries have number 11, exits 10.
Totals count_by_heart(const std::string& pages) {
  Totals totals;
  for (std::size_t page = 0; page + kPage <= pages.size(); page += kPage) {
    const auto at = [&pages, page]<class Number>(std::size_t offset, Number value) {
      std::memcpy(&value, pages.data() + page + offset, sizeof value);
      return value;
    };
    const std::size_t end = 16 + (at(8, std::uint64_t{}) & 0x7ffffffU);
    for (std::size_t offset = 16; offset < end;) {
      const std::uint32_t type = at(offset, std::uint32_t{}) & 31U;
      if (type == 0 || type > 28) {
        offset += type == 29 ? end : 8;  // the capture has no long records
        continue;
      }
      const auto id = at(offset + 4, std::uint16_t{});
      totals.entries += id == 11 ? 1U : 0U;
      if (id == 10) {
        ++totals.exits;
        totals.nanoseconds += at(offset + 4 + 32, std::uint64_t{}) - at(offset + 4 + 24, std::uint64_t{});
      }
      offset += 4 + 4 * std::size_t{type};
    }
  }
  return totals;
}

// A capture of function_graph on two CPUs, all tasks, repeated; each time later by what the capture took.
struct Input {
  FormatRegistry formats;
  KallsymsIndex symbols = KallsymsIndex::parse(packed("kallsyms"));
  std::string pages;
  Totals totals;

  Input() : formats(*PageLayout::parse(packed("events/header_page"))) {
    for (const char* name : {"funcgraph_entry", "funcgraph_exit", "function", "kernel_stack"})
      formats.add("ftrace", packed("events/ftrace/" + std::string(name) + "/format"));
    const std::string capture = packed("raw/fgraph-2cpu/cpu1.raw");
    constexpr std::uint64_t kStep = 10'000'000'000;
    for (std::uint64_t later = 0; pages.size() < kBytes; later += kStep) {
      const std::size_t first = pages.size();
      pages += capture;
      for (std::size_t page = first; page < pages.size(); page += kPage) {
        std::uint64_t time = 0;
        std::memcpy(&time, pages.data() + page, sizeof time);
        time += later;
        std::memcpy(pages.data() + page, &time, sizeof time);
      }
    }
    totals = count_by_heart(pages);
  }
  [[nodiscard]] std::span<const std::byte> bytes() const { return std::as_bytes(std::span(pages)); }
};

const Input& input() {
  static const Input kInput;
  return kInput;
}

void set_rates(benchmark::State& state) {
  const auto rounds = static_cast<std::uint64_t>(state.iterations());
  state.SetBytesProcessed(static_cast<std::int64_t>(rounds * input().pages.size()));
  state.counters["calls"] =
      benchmark::Counter(static_cast<double>(rounds * input().totals.exits), benchmark::Counter::kIsRate);
}

// Looks at every field of every event, so that none is left out by the compiler.
class ChecksumSink {
 public:
  FunctionTable& functions() { return functions_; }
  void on(const GraphEntry& entry) {
    ++totals_.entries;
    add(entry.context);
    sum_ += static_cast<std::uint64_t>(entry.function) + entry.depth + (entry.leaf ? 1U : 0U) + entry.raw_args.size() +
            entry.return_address.value_or(1);
  }
  void on(const GraphExit& exit) {
    ++totals_.exits;
    add(exit.context);
    totals_.nanoseconds += static_cast<std::uint64_t>(exit.duration->count());
    sum_ += static_cast<std::uint64_t>(exit.function) + exit.depth + (exit.leaf ? 1U : 0U) + exit.retval.value_or(1) +
            exit.overruns.value_or(1);
  }
  void on(const TaskChange& change) {
    sum_ += change.cpu.value_or(1) + static_cast<std::uint64_t>(change.previous.pid ^ change.next.pid);
  }
  void on(const Loss& loss) { sum_ += loss.events.value_or(1); }
  [[nodiscard]] const Totals& totals() const { return totals_; }
  [[nodiscard]] std::uint64_t sum() const { return sum_; }

 private:
  void add(const EventContext& context) {
    sum_ += *context.cpu + context.time->nanoseconds + static_cast<std::uint64_t>(context.task->pid) +
            context.task->comm.size();
  }
  FunctionTable functions_;
  Totals totals_;
  std::uint64_t sum_ = 0;
};

void add_up_words(benchmark::State& state) {
  const std::string& pages = input().pages;
  for (auto _ : state) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < pages.size(); i += sizeof sum) {
      std::uint64_t word = 0;
      std::memcpy(&word, pages.data() + i, sizeof word);
      sum += word;
    }
    benchmark::DoNotOptimize(sum);
  }
  set_rates(state);
}

void by_heart(benchmark::State& state) {
  for (auto _ : state) {
    if (count_by_heart(input().pages) != input().totals)
      state.SkipWithError("other totals");
  }
  set_rates(state);
}

void to_records(benchmark::State& state) {
  struct {
    std::uint64_t records = 0;
    std::uint64_t sum = 0;
    void on(const RawRecord& record) {
      ++records;
      sum += record.time + record.id + record.size + record.cpu;
    }
  } sink;
  for (auto _ : state) {
    sink = {};
    PageDecoder decoder(input().formats);
    decoder.feed(1, input().bytes(), sink);
    benchmark::DoNotOptimize(sink.sum);
    if (sink.records != input().totals.entries + input().totals.exits || decoder.stats().skipped_bytes != 0)
      state.SkipWithError("other records");
  }
  set_rates(state);
}

void to_events(benchmark::State& state) {
  for (auto _ : state) {
    ChecksumSink sink;
    GraphDecoder graph(input().formats, input().symbols, sink);
    PageDecoder decoder(input().formats);
    decoder.feed(1, input().bytes(), graph);
    benchmark::DoNotOptimize(sink.sum());
    if (sink.totals() != input().totals)
      state.SkipWithError("other events");
  }
  set_rates(state);
}

void merged_to_events(benchmark::State& state) {
  const auto pages = input().bytes();
  const std::size_t half = pages.size() / kPage / 2 * kPage;
  for (auto _ : state) {
    ChecksumSink sink;
    GraphDecoder graph(input().formats, input().symbols, sink);
    EventMerger merger(input().formats);
    merger.add(0, pages.first(half));
    merger.add(1, pages.subspan(half));
    merger.drain(graph);
    benchmark::DoNotOptimize(sink.sum());
    if (sink.totals() != input().totals)
      state.SkipWithError("other events");
  }
  set_rates(state);
}

void to_tree(benchmark::State& state) {
  for (auto _ : state) {
    CallForest forest;
    GraphDecoder graph(input().formats, input().symbols, forest);
    PageDecoder decoder(input().formats);
    decoder.feed(1, input().bytes(), graph);
    forest.finish();
    // A call is an entry, or an exit whose entry was not seen.
    if (forest.calls() - forest.marked(CallMark::no_entry) != input().totals.entries)
      state.SkipWithError("other calls");
  }
  set_rates(state);
}

// A CPU's pages to events; true if they are those that were counted.
bool decode(std::span<const std::byte> pages, const Totals& expected) {
  ChecksumSink sink;
  GraphDecoder graph(input().formats, input().symbols, sink);
  PageDecoder decoder(input().formats);
  decoder.feed(1, pages, graph);
  benchmark::DoNotOptimize(sink.sum());
  return sink.totals() == expected;
}

// The n-th of the processors that we may run on, or one of them if there are not so many.
std::size_t processor(std::size_t n) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
    std::abort();
  std::vector<std::size_t> processors;
  for (std::size_t i = 0; i < CPU_SETSIZE; ++i) {
    if (CPU_ISSET(i, &allowed))
      processors.push_back(i);
  }
  return processors[n % processors.size()];
}

// Somebody who decodes when told to, on a processor of their own, and then says whether the answer was right. Started
// before and ended after: the time from start() to finish() holds nothing but the work. Left alone, a kernel may keep
// two threads of a process together on one processor, and two processes apart. Before they wait they decode once: a
// forked process's page tables say of no page that it was looked at, and to note that at the first look can take as
// long as to decode the page.
class Decoding {
 public:
  enum class In : std::uint8_t { thread, process };

  Decoding(In in, std::size_t processor) : processor_(processor) {
    if (pipe(go_.data()) != 0 || pipe(done_.data()) != 0)
      std::abort();
    if (in == In::thread) {
      thread_ = std::thread([this] { work(); });
      return;
    }
    pid_ = fork();
    if (pid_ < 0)
      std::abort();
    if (pid_ == 0) {
      work();
      _exit(0);
    }
  }
  ~Decoding() {
    if (thread_.joinable())
      thread_.join();
    else
      waitpid(pid_, nullptr, 0);
    for (const int end : {go_[0], go_[1], done_[0], done_[1]})
      close(end);
  }
  Decoding(const Decoding&) = delete;
  Decoding& operator=(const Decoding&) = delete;

  void start() const {
    if (write(go_[1], "", 1) != 1)
      std::abort();
  }
  void wait_until_ready() const {
    char ready = 0;
    if (read(done_[0], &ready, 1) != 1)
      std::abort();
  }
  [[nodiscard]] bool finish() const {
    char right = 0;
    return read(done_[0], &right, 1) == 1 && right == 1;
  }

 private:
  void work() const {
    cpu_set_t own;
    CPU_ZERO(&own);
    CPU_SET(processor_, &own);
    const auto answer_is_right = [] { return decode(input().bytes(), input().totals); };
    bool right = sched_setaffinity(0, sizeof own, &own) == 0 && answer_is_right();
    char told = 0;
    if (write(done_[1], "", 1) != 1 || read(go_[0], &told, 1) != 1)
      std::abort();
    right = answer_is_right() && right;
    const char answer = right ? 1 : 0;
    if (write(done_[1], &answer, 1) != 1)
      std::abort();
  }

  std::size_t processor_;
  std::array<int, 2> go_{};
  std::array<int, 2> done_{};
  std::thread thread_;
  pid_t pid_ = -1;
};

// Two of them, at the same time.
class TwoDecodings {
 public:
  explicit TwoDecodings(Decoding::In in) : first_(in, processor(0)), second_(in, processor(1)) {
    first_.wait_until_ready();
    second_.wait_until_ready();
  }
  [[nodiscard]] bool run() const {
    first_.start();
    second_.start();
    const bool right = first_.finish();
    return second_.finish() && right;
  }

 private:
  Decoding first_;
  Decoding second_;
};

// Two CPUs' pages in two threads, against two processes that have nothing in common. The ratio is of the times: 1 where
// threads of one process do not hinder each other, 2 where one waits for the other.
void two_threads_against_two_processes(benchmark::State& state) {
  bool right = true;
  std::optional<TwoDecodings> processes;
  std::optional<TwoDecodings> threads;
  bench::paired_ratio(
      state, [&] { right = threads->run() && right; }, [&] { right = processes->run() && right; },
      [&] {
        threads.reset();
        processes.emplace(Decoding::In::process);  // while we have one thread
        threads.emplace(Decoding::In::thread);
      });
  if (!right)
    state.SkipWithError("other events");
}

BENCHMARK(add_up_words)->Unit(benchmark::kMillisecond);
BENCHMARK(by_heart)->Unit(benchmark::kMillisecond);
BENCHMARK(to_records)->Unit(benchmark::kMillisecond);
BENCHMARK(to_events)->Unit(benchmark::kMillisecond);
BENCHMARK(merged_to_events)->Unit(benchmark::kMillisecond);
BENCHMARK(to_tree)->Unit(benchmark::kMillisecond);
BENCHMARK(two_threads_against_two_processes)->Unit(benchmark::kMillisecond)->UseManualTime();

}  // namespace

BENCHMARK_MAIN();
