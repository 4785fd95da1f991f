#include "page_builder.hpp"
#include "raw_captures.hpp"

#include <fathom/base/error.hpp>
#include <fathom/rawtrace/graph_decoder.hpp>
#include <fathom/rawtrace/page_decoder.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <string>
#include <vector>

namespace fathom {
namespace {

struct Name {
  std::string_view text;
  [[nodiscard]] std::string_view name() const { return text; }
  [[nodiscard]] static std::string_view module() { return {}; }
};

// Names two addresses, and counts how often it is asked.
struct TwoNames {
  int* asked;
  [[nodiscard]] std::optional<Name> find(std::uint64_t address) const {
    ++*asked;
    if (address == 0x1000)
      return Name{"outer"};
    return address == 0x2000 ? std::optional(Name{"inner"}) : std::nullopt;
  }
};

// Writes down what it is given.
struct Notes {
  FunctionTable table;
  std::string text;
  FunctionTable& functions() { return table; }
  void on(const GraphEntry& entry) {
    text += "enter " + std::string(table[entry.function].name) + " depth " + std::to_string(entry.depth) +
            (entry.leaf ? " leaf" : "") + " pid " + std::to_string(entry.context.task->pid) + " at " +
            std::to_string(entry.context.time->nanoseconds);
    for (const std::uint64_t arg : entry.raw_args)
      text += " arg " + std::to_string(arg);
    if (entry.return_address)
      text += " from " + std::to_string(*entry.return_address);
    text += '\n';
  }
  void on(const GraphExit& exit) {
    text += "leave " + std::string(table[exit.function].name) + " depth " + std::to_string(exit.depth) +
            (exit.leaf ? " leaf" : "") + " took " + std::to_string(exit.duration->count());
    if (exit.retval)
      text += " ret " + std::to_string(*exit.retval);
    if (exit.overruns)
      text += " over " + std::to_string(*exit.overruns);
    text += '\n';
  }
  void on(const TaskChange& change) {
    text += std::string(change.previous.comm) + " => " + std::string(change.next.comm) + '\n';
  }
  void on(const RawRecord& record) { text += "record " + std::to_string(record.id) + '\n'; }
  void on(const Loss&) { text += "loss\n"; }
};

constexpr std::string_view kCommon =
    "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
    "\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
    "\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
    "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n";

std::string format(std::string_view name, int id, std::string_view fields) {
  return "name: " + std::string(name) + "\nID: " + std::to_string(id) + "\nformat:\n" + std::string(kCommon) +
         std::string(fields);
}

// Linux 7.0, with FUNCTION_GRAPH_RETVAL and FUNCTION_GRAPH_RETADDR.
FormatRegistry formats_of(std::endian order) {
  FormatRegistry formats(PageLayout{.byte_order = order});
  formats.add("ftrace", format("funcgraph_entry", 11,
                               "\tfield:unsigned long func;\toffset:8;\tsize:8;\tsigned:0;\n"
                               "\tfield:unsigned long depth;\toffset:16;\tsize:8;\tsigned:0;\n"
                               "\tfield:unsigned long args[];\toffset:24;\tsize:0;\tsigned:0;\n"));
  formats.add("ftrace", format("fgraph_retaddr_entry", 16,
                               "\tfield:unsigned long func;\toffset:8;\tsize:8;\tsigned:0;\n"
                               "\tfield:unsigned long depth;\toffset:16;\tsize:8;\tsigned:0;\n"
                               "\tfield:unsigned long retaddr;\toffset:24;\tsize:8;\tsigned:0;\n"
                               "\tfield:unsigned long args[];\toffset:32;\tsize:0;\tsigned:0;\n"));
  formats.add("ftrace", format("funcgraph_exit", 10,
                               "\tfield:unsigned long func;\toffset:8;\tsize:8;\tsigned:0;\n"
                               "\tfield:unsigned long retval;\toffset:16;\tsize:8;\tsigned:0;\n"
                               "\tfield:unsigned int depth;\toffset:24;\tsize:4;\tsigned:0;\n"
                               "\tfield:unsigned int overrun;\toffset:28;\tsize:4;\tsigned:0;\n"
                               "\tfield:unsigned long long calltime;\toffset:32;\tsize:8;\tsigned:0;\n"
                               "\tfield:unsigned long long rettime;\toffset:40;\tsize:8;\tsigned:0;\n"));
  return formats;
}

// A record's bytes, number by number.
class Bytes {
 public:
  Bytes(std::endian order, std::uint16_t id, std::uint32_t pid) : order_(order) { put(id, 2).put(0, 2).put(pid, 4); }
  Bytes& put(std::uint64_t value, std::size_t size = 8) {
    for (std::size_t i = 0; i < size; ++i) {
      const std::size_t shift = 8 * (order_ == std::endian::little ? i : size - 1 - i);
      bytes_.push_back(static_cast<std::byte>(value >> shift));
    }
    return *this;
  }
  [[nodiscard]] RawRecord record(std::uint16_t id, std::uint64_t time, std::uint32_t cpu = 0) const {
    return {time, bytes_.data(), static_cast<std::uint32_t>(bytes_.size()), cpu, id};
  }

 private:
  std::endian order_;
  std::vector<std::byte> bytes_;
};

class EitherOrder : public testing::TestWithParam<std::endian> {
 protected:
  [[nodiscard]] Bytes entry(std::uint64_t func, std::uint64_t depth, std::uint32_t pid = 7) const {
    Bytes bytes(GetParam(), 11, pid);
    bytes.put(func).put(depth);
    return bytes;
  }
  [[nodiscard]] Bytes exit(std::uint64_t func, std::uint32_t depth, std::uint64_t took, std::uint32_t pid = 7) const {
    Bytes bytes(GetParam(), 10, pid);
    bytes.put(func).put(42).put(depth, 4).put(3, 4).put(1000).put(1000 + took);
    return bytes;
  }
  FormatRegistry formats_ = formats_of(GetParam());
  int asked_ = 0;
  Notes notes_;
};

TEST_P(EitherOrder, RecordsBecomeTheEventsOfText) {
  TaskNames names;
  names.add(7, "cat");
  GraphDecoder graph(formats_, TwoNames{&asked_}, notes_, names);
  const Bytes outer = entry(0x1000, 0);
  Bytes inner = entry(0x2000, 1);
  inner.put(5).put(6);
  const Bytes inner_exit = exit(0x2000, 1, 20);
  const Bytes outer_exit = exit(0x1000, 0, 70);
  Bytes other(GetParam(), 99, 7);
  Bytes retaddr(GetParam(), 16, 0);
  retaddr.put(0x3000).put(2).put(0x1234).put(8);
  const RawRecord inner_record = inner.record(11, 20);
  const RawRecord inner_exit_record = inner_exit.record(10, 40);
  graph.on(outer.record(11, 10), &inner_record);
  graph.on(inner_record, &inner_exit_record);
  graph.on(inner_exit_record, nullptr);
  graph.on(other.record(99, 50), nullptr);
  graph.on(outer_exit.record(10, 80), nullptr);
  graph.on(retaddr.record(16, 90), nullptr);
  graph.on(Loss{});
  EXPECT_EQ(notes_.text,
            "enter outer depth 0 pid 7 at 10\n"
            "enter inner depth 1 leaf pid 7 at 20 arg 5 arg 6\n"
            "leave inner depth 1 leaf took 20 ret 42 over 3\n"
            "record 99\n"
            "leave outer depth 0 took 70 ret 42 over 3\n"
            "cat => <idle>\n"
            "enter 0x3000 depth 2 pid 0 at 90 arg 8 from 4660\n"
            "loss\n");
  EXPECT_EQ(asked_, 3);
  EXPECT_EQ(graph.stats().parsed_records, 6U);
  EXPECT_EQ(graph.stats().bytes, graph.stats().parsed_bytes);
}

// Of another function, another task, or unknown: no leaf.
TEST_P(EitherOrder, OnlyItsOwnExitMakesALeaf) {
  GraphDecoder graph(formats_, TwoNames{&asked_}, notes_);
  const Bytes call = entry(0x1000, 0);
  const Bytes other_function = exit(0x2000, 0, 1);
  const Bytes other_task = exit(0x1000, 0, 1, 8);
  const Bytes short_exit(GetParam(), 10, 7);
  for (const Bytes* next : {&other_function, &other_task, &short_exit}) {
    const RawRecord record = next->record(10, 2);
    graph.on(call.record(11, 1), &record);
  }
  graph.on(call.record(11, 1), nullptr);
  EXPECT_EQ(notes_.text.find("leaf"), std::string::npos) << notes_.text;
}

TEST_P(EitherOrder, ShortRecordsAreCounted) {
  GraphDecoder graph(formats_, TwoNames{&asked_}, notes_);
  const Bytes whole[] = {entry(0x1000, 0), exit(0x1000, 0, 1), Bytes(GetParam(), 99, 7)};
  const std::uint16_t ids[] = {11, 10, 99};
  for (std::size_t kind = 0; kind < 3; ++kind) {
    RawRecord record = whole[kind].record(ids[kind], 1);
    const std::uint32_t entry_size = GetParam() == std::endian::little ? 20 : 24;  // of depth, its lower half
    const std::uint32_t least = kind == 1 ? 48 : kind == 0 ? entry_size : 8;
    for (record.size = 4; record.size < least; record.size += 4)
      graph.on(record, nullptr);
  }
  EXPECT_EQ(notes_.text, "");
  EXPECT_EQ(graph.stats().skipped(SkipReason::short_event), GetParam() == std::endian::little ? 16U : 17U);
  EXPECT_EQ(graph.stats().parsed_records, 0U);
  EXPECT_EQ(graph.stats().bytes, graph.stats().skipped_bytes);
}

INSTANTIATE_TEST_SUITE_P(Of, EitherOrder, testing::Values(std::endian::little, std::endian::big),
                         [](const auto& order) { return order.param == std::endian::little ? "little" : "big"; });

TEST(GraphDecoder, SaysWhichFormatItMisses) {
  int asked = 0;
  Notes notes;
  const auto message = [&](const FormatRegistry& formats) -> std::string {
    try {
      const GraphDecoder graph(formats, TwoNames{&asked}, notes);
    } catch (const Error& error) {
      return error.what();
    }
    return "did not throw";
  };
  FormatRegistry formats;
  EXPECT_NE(message(formats).find("ftrace:funcgraph_entry"), std::string::npos) << message(formats);
  formats.add("ftrace", format("funcgraph_entry", 11, "\tfield:int depth;\toffset:16;\tsize:4;\tsigned:1;\n"));
  EXPECT_NE(message(formats).find("'func'"), std::string::npos) << message(formats);
}

// However broken the pages are, nothing is read outside of them, and what comes out can be built into a forest.
TEST(GraphDecoder, BrokenPagesAddUp) {
  std::mt19937 random(5);
  for (const char* kernel : {"6.1.0-56-amd64/raw/fgraph/cpu0.raw", "7.3.4/g.default.cpu0.raw"}) {
    const FormatRegistry formats =
        test::registry_of(std::string_view(kernel).substr(0, std::string_view(kernel).find('/')));
    const std::string pages = test::read_file(test::raw_of(kernel)).substr(0, 8192);
    ASSERT_FALSE(pages.empty());
    for (int run = 0; run < 100; ++run) {
      std::vector<char> broken(pages.begin(), pages.end());
      for (int flip = 0; flip < 30; ++flip) {
        char& byte = broken[random() % broken.size()];
        byte = static_cast<char>(byte ^ (1 << random() % 8));
      }
      int asked = 0;
      Notes notes;
      GraphDecoder graph(formats, TwoNames{&asked}, notes);
      PageDecoder decoder(formats);
      decoder.feed(0, std::as_bytes(std::span(broken)), graph);
      const ParseStats stats = graph.stats();
      EXPECT_EQ(stats.records, decoder.stats().parsed_records);
      EXPECT_EQ(stats.bytes, stats.parsed_bytes + stats.skipped_bytes);
    }
  }
}

}  // namespace
}  // namespace fathom
