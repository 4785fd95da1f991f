#include "../btf/btf_builder.hpp"
#include "raw_captures.hpp"

#include <fathom/graph/function_graph_parser.hpp>
#include <fathom/output/trace_text_printer.hpp>
#include <fathom/rawtrace/event_merger.hpp>
#include <fathom/rawtrace/graph_decoder.hpp>
#include <fathom/symbols/kallsyms_index.hpp>

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace fathom {
namespace {

using test::as_bytes;
using test::raw_of;
using test::read_file;
using test::registry_of;

struct Symbols {
  struct Hit {
    std::uint64_t at;
    [[nodiscard]] std::string_view name() const { return at < 0x2000 ? "vfs_open" : "do_interrupt"; }
    [[nodiscard]] std::string_view module() const { return {}; }
    [[nodiscard]] std::uint64_t offset() const { return at & 0xfffU; }
    [[nodiscard]] std::optional<std::uint64_t> size() const { return 0x60; }
  };
  [[nodiscard]] std::optional<Hit> find(std::uint64_t address) const {
    return address >= 0x1000 && address < 0x3000 ? std::optional(Hit{address}) : std::nullopt;
  }
};

// Records of Linux 7.3, written by hand.
class TraceText : public testing::Test {
 protected:
  TraceText() : formats(registry_of("7.3.4")) { sources.symbols = AddressNames(symbols); }

  std::string bytes(const char* event, std::int32_t pid, std::size_t size) const {
    std::string record(size, '\0');
    put(record, 0, formats.find("ftrace", event)->id());
    put(record, 4, pid);
    return record;
  }
  template <class Number>
  static void put(std::string& record, std::size_t at, Number value) {
    std::memcpy(record.data() + at, &value, sizeof value);
  }
  static RawRecord record_of(const std::string& data, std::uint64_t time, std::uint32_t cpu = 0) {
    RawRecord record;
    record.time = time;
    record.data = as_bytes(data).data();
    record.size = static_cast<std::uint32_t>(data.size());
    record.cpu = cpu;
    std::memcpy(&record.id, data.data(), sizeof record.id);
    return record;
  }
  std::string entry(std::uint64_t function, std::uint64_t depth, std::size_t args = 0) const {
    std::string record = bytes("funcgraph_entry", 7, 24 + args * 8);
    put(record, 8, function);
    put(record, 16, depth);
    for (std::size_t i = 0; i < args; ++i)
      put(record, 24 + i * 8, std::uint64_t{0x10} + i);
    return record;
  }
  std::string exit(std::uint64_t function, std::uint32_t depth, std::uint64_t nanoseconds) const {
    const EventFormat& format = *formats.find("ftrace", "funcgraph_exit");
    std::string record = bytes("funcgraph_exit", 7, 48);
    put(record, format.find("func")->offset, function);
    put(record, format.find("depth")->offset, depth);
    put(record, format.find("calltime")->offset, std::uint64_t{1000});
    put(record, format.find("rettime")->offset, 1000 + nanoseconds);
    return record;
  }
  // Each record of one CPU after the other.
  std::string print(const std::vector<std::string>& data, const TraceTextOptions& options) {
    std::string text;
    TraceTextPrinter printer(formats, sources, options, [&text](std::string_view piece) { text += piece; });
    std::vector<RawRecord> records;
    for (const std::string& one : data)
      records.push_back(record_of(one, 5'000'001'999 + records.size() * 1000));
    for (std::size_t i = 0; i < records.size(); ++i)
      printer.on(records[i], i + 1 < records.size() ? &records[i + 1] : nullptr);
    printer.finish();
    gaps = printer.gaps();
    return text;
  }

  Symbols symbols;
  FormatRegistry formats;
  TraceTextSources sources;
  std::vector<PrintGapCount> gaps;
  TraceTextOptions graph = [] {
    TraceTextOptions options;
    options.function_graph = true;
    return options;
  }();
};

TEST_F(TraceText, ColumnsOfAGraphByOption) {
  const std::vector<std::string> call = {entry(0x1000, 1), entry(0x1010, 2), exit(0x1010, 2, 1234567),
                                         exit(0x1000, 1, 12345678901)};
  EXPECT_EQ(print(call, graph),
            " 0)               |    vfs_open() {\n"
            " 0) # 1234.567 us |      vfs_open();\n"
            " 0) $ 12345678 us |    }\n");
  graph.funcgraph_proc = graph.funcgraph_abstime = graph.latency_format = graph.funcgraph_tail = true;
  graph.funcgraph_overrun = true;
  EXPECT_EQ(print(call, graph),
            "    5.000001 |   0)    <...>-7     |  ..... |               |    vfs_open() {\n"
            "    5.000002 |   0)    <...>-7     |  ..... | # 1234.567 us |      vfs_open();\n"
            "    5.000004 |   0)    <...>-7     |  ..... | $ 12345678 us |    } /* vfs_open */\n"
            " (Overruns: 0)\n");
  graph = TraceTextOptions{};
  graph.function_graph = true;
  graph.funcgraph_cpu = graph.funcgraph_duration = false;
  EXPECT_EQ(print(call, graph), "  vfs_open() {\n    vfs_open();\n  }\n");
}

TEST_F(TraceText, ExitsWithoutTheirEntryAreNamed) {
  EXPECT_EQ(print({exit(0x1000, 3, 5)}, graph), " 0)   0.005 us    |        } /* vfs_open */\n");
}

TEST_F(TraceText, InterruptsHaveArrowsOrAreLeftOut) {
  sources.irqentry_text = {0x2000, 0x3000};
  const std::vector<std::string> data = {entry(0x1000, 0),     entry(0x2000, 1),     entry(0x1010, 2),
                                         exit(0x1010, 2, 100), exit(0x2000, 1, 200), exit(0x1000, 0, 300)};
  EXPECT_EQ(print(data, graph),
            " 0)               |  vfs_open() {\n"
            " 0)   ==========> |\n"
            " 0)               |    do_interrupt() {\n"
            " 0)   0.100 us    |      vfs_open();\n"
            " 0)   0.200 us    |    }\n"
            " 0)   <========== |\n"
            " 0)   0.300 us    |  }\n");
  graph.funcgraph_irqs = false;
  EXPECT_EQ(print(data, graph), " 0)               |  vfs_open() {\n 0)   0.300 us    |  }\n");
}

TEST_F(TraceText, ArgumentsGoByTheKernelsTypes) {
  test::BtfBuilder builder;
  const auto number = builder.integer("int", 4);
  const auto natural = builder.integer("unsigned int", 4, false);
  const auto pointer = builder.reference(BtfKind::ptr, number);
  const auto choice = builder.add(builder.name("choice"), test::BtfBuilder::info(BtfKind::enum_, 2), 4,
                                  {builder.name("LOW"), 0, builder.name("HIGH"), 0x13});
  const auto pair = builder.add(builder.name("pair"), test::BtfBuilder::info(BtfKind::struct_), 16);
  const auto alias = builder.reference(BtfKind::typedef_, number, "alias");
  const auto prototype =
      builder.add(0, test::BtfBuilder::info(BtfKind::func_proto, 7), number,
                  {builder.name("n"), alias, builder.name("u"), natural, builder.name("p"), pointer, builder.name("c"),
                   choice, builder.name("two"), pair, builder.name("last"), number, builder.name("gone"), number});
  builder.reference(BtfKind::func, prototype, "vfs_open");
  const auto variadic =
      builder.add(0, test::BtfBuilder::info(BtfKind::func_proto, 2), number, {builder.name("format"), pointer, 0, 0});
  builder.reference(BtfKind::func, variadic, "do_interrupt");
  const Btf types = Btf::parse(builder.bytes());
  const std::vector<std::string> call = {entry(0x1000, 0, 6), exit(0x1000, 0, 100)};
  EXPECT_EQ(print(call, graph), " 0)   0.100 us    |  vfs_open();\n");
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(gaps[0], (PrintGapCount{"ftrace", "funcgraph_entry", PrintGap::unknown_type, 1}));
  sources.types = &types;
  EXPECT_EQ(print(call, graph),
            " 0)   0.100 us    |  vfs_open(n=16, u=0x11, p=0x12, c=19 [HIGH], two=(STRUCT)[0x14:0x15], ...);\n");
  EXPECT_TRUE(gaps.empty());

  EXPECT_EQ(print({entry(0x2000, 0, 6)}, graph), " 0)               |  do_interrupt(format=0x10, =?0x11) {\n");

  std::string function = bytes("function", 7, 24 + 48);
  put(function, 8, std::uint64_t{0x1000});
  put(function, 16, std::uint64_t{0x2010});
  put(function, 24, std::uint64_t{3});
  EXPECT_EQ(print({function}, {}),
            "           <...>-7       [000] .....     5.000002: "
            "vfs_open(n=3, u=0x0, p=0x0, c=0 [LOW], two=(STRUCT)[0x0:0x0], ...) <-do_interrupt\n");
}

TEST_F(TraceText, OptionsOfTheDefaultLine) {
  std::string function = bytes("function", 7, 24);
  put(function, 2, std::uint8_t{0x1 | 0x4 | 0x8 | 0x10 | 0x20 | 0x80});
  put(function, 3, std::uint8_t{0x21});
  put(function, 8, std::uint64_t{0x1004});
  put(function, 16, std::uint64_t{0x99});
  sources.tasks.add(7, "a task");
  sources.tasks.add_tgid(7, 6);
  TraceTextOptions options;
  EXPECT_EQ(print({function}, options), "          a task-7       [000] DNH12     5.000002: vfs_open <-0x00000099\n");
  options.record_tgid = options.sym_offset = options.sym_addr = true;
  options.irq_info = options.print_parent = false;
  EXPECT_EQ(print({function}, options),
            "          a task-7       (      6) [000]      5.000002: vfs_open+0x4/0x60 <0000000000001004>\n");
  options = {};
  options.clock = TraceClock::counter;
  EXPECT_EQ(print({function}, options), "          a task-7       [000] DNH12   5000001999: vfs_open <-0x00000099\n");
  options.context_info = false;
  EXPECT_EQ(print({function}, options), "vfs_open <-0x00000099\n");
}

TEST_F(TraceText, LossesAndOverrunsAreLinesOfTheirOwn) {
  std::string marker = bytes("print", 7, 24);
  put(marker, 8, std::uint64_t{0x1000});
  marker.replace(16, 4, std::string("hi\n\0", 4));
  sources.overruns = 3;
  std::string text;
  TraceTextPrinter printer(formats, sources, {}, [&text](std::string_view piece) { text += piece; });
  printer.on(record_of(marker, 1000, 0), nullptr);
  Loss loss;
  loss.cpu = 1;
  loss.events = 5;
  printer.on(loss);
  printer.on(record_of(marker, 2000, 1), nullptr);
  loss.events.reset();
  printer.on(loss);
  printer.finish();
  EXPECT_EQ(text,
            "           <...>-7       [000] .....     0.000001: vfs_open: hi\n"
            "CPU:1 [LOST 5 EVENTS]\n"
            "##### CPU 1 buffer started ####\n"
            "           <...>-7       [001] .....     0.000002: vfs_open: hi\n"
            "CPU:1 [LOST EVENTS]\n");
  EXPECT_EQ(printer.text_of(record_of(marker, 1000)), "vfs_open: hi");
  EXPECT_EQ(printer.comment_of(record_of(marker, 1000)), "hi");
  EXPECT_EQ(printer.records(), 2U);
}

TEST_F(TraceText, OwnEntriesOfOtherTracers) {
  std::string hwlat = bytes("hwlat", 7, 64);
  const auto set = [&](std::string& record, const char* event, const char* field, std::uint64_t value) {
    const EventField& place = *formats.find("ftrace", event)->find(field);
    std::memcpy(record.data() + place.offset, &value, place.size);
  };
  set(hwlat, "hwlat", "seqnum", 1);
  set(hwlat, "hwlat", "duration", 10);
  set(hwlat, "hwlat", "outer_duration", 11);
  set(hwlat, "hwlat", "tv_sec", 1700000000);
  set(hwlat, "hwlat", "tv_nsec", 5);
  set(hwlat, "hwlat", "count", 2);
  std::string timerlat = bytes("timerlat", 7, 24);
  set(timerlat, "timerlat", "seqnum", 3);
  set(timerlat, "timerlat", "context", 1);
  set(timerlat, "timerlat", "timer_latency", 4242);
  std::string raw = bytes("raw_data", 7, 16);
  set(raw, "raw_data", "id", 0x1234);
  raw.replace(12, 4, "abcd");
  TraceTextOptions options;
  options.context_info = false;
  EXPECT_EQ(print({hwlat, timerlat, raw}, options),
            "#1     inner/outer(us):   10/11    ts:1700000000.000000005 count:2\n"
            "#3     context thread timer_latency      4242 ns\n"
            "# 1234 buf: 61 62 63 64\n");
}

TEST(TraceTextOptions, AreReadAsTheKernelNamesThem) {
  const auto options =
      TraceTextOptions::parse("noirq-info\nrecord-tgid\nnohash-ptr\nfuncgraph-tail\nnofuncgraph-cpu\nx\n",
                              "function_graph\n", "local global [x86-tsc] mono\n");
  EXPECT_TRUE(options.function_graph && options.record_tgid && options.funcgraph_tail && options.context_info);
  EXPECT_FALSE(options.irq_info || options.hash_ptr || options.funcgraph_cpu);
  EXPECT_EQ(options.clock, TraceClock::x86_tsc);
}

// The comments in a graph: those of the text are those of the pages.
TEST(GraphDecoder, GivesTheCommentsOfTheText) {
  struct Comments {
    FunctionTable table;
    std::vector<std::string> texts;
    FunctionTable& functions() { return table; }
    void on(const GraphEntry&) {}
    void on(const GraphExit&) {}
    void on(const GraphComment& comment) { texts.emplace_back(comment.text); }
  };
  for (const char* kernel : {"6.1.0-56-amd64", "6.1.0-56-rt-amd64", "7.3.4+deb13-amd64"}) {
    Comments printed;
    FunctionGraphParser parser;
    parser.feed(read_file(std::filesystem::path(FATHOM_TEST_CAPTURES) / kernel / "raw/fgraph-events/trace.txt"),
                printed);
    parser.finish(printed);

    const FormatRegistry formats = registry_of(kernel);
    const auto symbols = KallsymsIndex::parse(read_file(raw_of(kernel) / "kallsyms"));
    TraceTextSources sources;
    sources.symbols = AddressNames(symbols);
    TraceTextPrinter printer(formats, std::move(sources), {}, [](std::string_view) {});
    Comments recorded;
    GraphDecoder graph(formats, symbols, recorded);
    graph.comment_with([&printer](const RawRecord& record) { return printer.comment_of(record); });
    EventMerger merger(formats);
    std::vector<std::string> pages;
    for (const char* cpu : {"cpu0.raw", "cpu1.raw"})
      pages.push_back(read_file(raw_of(kernel) / "raw/fgraph-events" / cpu));
    for (std::uint32_t cpu = 0; cpu < pages.size(); ++cpu)
      merger.add(cpu, as_bytes(pages[cpu]));
    merger.drain(graph);
    EXPECT_GT(printed.texts.size(), 20U) << kernel;
    EXPECT_EQ(printed.texts, recorded.texts) << kernel;
  }
}

}  // namespace
}  // namespace fathom
