// Text and pages of the same buffer give the same calls: structure, names, tasks, order and marks; and the times of the
// pages, cut as the kernel prints them, are those of the text.

#include "raw_captures.hpp"

#include <fathom/graph/call_forest.hpp>
#include <fathom/graph/function_graph_parser.hpp>
#include <fathom/rawtrace/event_merger.hpp>
#include <fathom/rawtrace/graph_decoder.hpp>
#include <fathom/symbols/kallsyms_index.hpp>
#include <fathom/tracefs/saved_cmdlines.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace fathom {
namespace {

namespace fs = std::filesystem;
using test::as_bytes;
using test::raw_of;
using test::read_file;
using test::registry_of;

struct Capture {
  const char* kernel;
  const char* name;            // the text is NAME.txt or NAME/trace.txt, the pages NAME.cpuN.raw or NAME/cpuN.raw
  std::uint32_t calls;         // that both give
  bool names_known = false;    // of tasks: there is a saved_cmdlines
  bool modules_moved = false;  // the list of symbols is of another boot, with modules elsewhere
};

bool in_folder(const Capture& capture) {
  return fs::is_directory(raw_of(capture.kernel) / capture.name);
}

std::string text_of(const Capture& capture) {
  const std::string name = std::string(capture.name) + (in_folder(capture) ? "/trace.txt" : ".txt");
  return read_file(fs::path(FATHOM_TEST_CAPTURES) / capture.kernel / name);
}

std::map<std::uint32_t, std::string> pages_of(const Capture& capture) {
  std::map<std::uint32_t, std::string> pages;
  for (std::uint32_t cpu = 0; cpu < 4; ++cpu) {
    const std::string name = std::string(capture.name) + (in_folder(capture) ? "/cpu" : ".cpu");
    std::string bytes = read_file(raw_of(capture.kernel) / (name + std::to_string(cpu) + ".raw"));
    if (!bytes.empty())
      pages.emplace(cpu, std::move(bytes));
  }
  return pages;
}

TaskNames tasks_of(const Capture& capture) {
  TaskNames names;
  for (const SavedCmdline& task :
       parse_saved_cmdlines(read_file(raw_of(capture.kernel) / capture.name / "saved_cmdlines")))
    names.add(task.pid, task.comm);
  return names;
}

// Counts what the forest does not keep.
struct Both {
  CallForest forest;
  std::uint64_t leaves = 0;
  std::uint64_t task_changes = 0;
  FunctionTable& functions() { return forest.functions(); }
  void on(const GraphEntry& entry) {
    leaves += entry.leaf ? 1U : 0U;
    forest.on(entry);
  }
  void on(const GraphExit& exit) { forest.on(exit); }
  void on(const TaskChange& change) {
    ++task_changes;
    forest.on(change);
  }
  void on(const Loss& loss) { forest.on(loss); }
  void on(const RecordingStart& start) { forest.on(start); }
};

Both from_text(const Capture& capture) {
  Both both;
  FunctionGraphParser parser;
  const std::string text = text_of(capture);
  EXPECT_FALSE(text.empty());
  parser.feed(text, both);
  parser.finish(both);
  both.forest.finish();
  return both;
}

Both from_pages(const Capture& capture) {
  Both both;
  const FormatRegistry formats = registry_of(capture.kernel);
  const auto symbols = KallsymsIndex::parse(read_file(raw_of(capture.kernel) / "kallsyms"));
  GraphDecoder graph(formats, symbols, both, tasks_of(capture));
  EventMerger merger(formats);
  const auto pages = pages_of(capture);
  EXPECT_FALSE(pages.empty());
  for (const auto& [cpu, bytes] : pages)
    merger.add(cpu, as_bytes(bytes));
  merger.drain(graph);
  EXPECT_EQ(graph.stats().skipped_records(), 0U);
  EXPECT_EQ(graph.stats().parsed_records, merger.stats().parsed_records);
  both.forest.finish();
  return both;
}

std::string describe(const Call& call) {
  std::string out = "depth " + std::to_string(call.depth()) + " cpu " + std::to_string(call.cpu().value_or(999));
  if (const auto parent = call.parent())
    out += " in " + std::to_string(parent->index());
  for (const CallMark mark : kCallMarks) {
    if (call.has(mark))
      out += ' ' + std::string(to_string(mark));
  }
  return out;
}

Duration cut(Duration duration, Duration precision) {
  return duration / precision.count() * precision.count();
}

class GraphCaptures : public testing::TestWithParam<Capture> {};

TEST_P(GraphCaptures, TextAndPagesGiveTheSameCalls) {
  const Capture& capture = GetParam();
  const Both text = from_text(capture);
  const Both pages = from_pages(capture);
  EXPECT_EQ(text.leaves, pages.leaves);
  EXPECT_EQ(text.task_changes, pages.task_changes);
  EXPECT_EQ(text.forest.calls(), capture.calls);
  ASSERT_EQ(text.forest.calls(), pages.forest.calls());
  ASSERT_EQ(text.forest.tree_count(), pages.forest.tree_count());
  for (std::uint32_t i = 0; i < text.forest.calls(); ++i) {
    const Call printed = text.forest.call(i);
    const Call recorded = pages.forest.call(i);
    ASSERT_EQ(describe(printed), describe(recorded)) << i;
    ASSERT_EQ(printed.tree_index(), recorded.tree_index()) << i;
    ASSERT_EQ(printed.module(), printed.name().empty() ? "" : recorded.module()) << i;
    // Text has only a brace for some calls whose entry it does not have.
    const bool named = !printed.name().empty() || !printed.has(CallMark::no_entry);
    if (named && !(capture.modules_moved && !printed.module().empty())) {
      ASSERT_EQ(printed.name(), recorded.name()) << i;
    }
    ASSERT_EQ(printed.duration().has_value(), recorded.duration().has_value()) << i;
    if (printed.duration()) {
      ASSERT_EQ(*printed.duration(), cut(*recorded.duration(), printed.precision())) << i;
    }
    if (printed.entry_time()) {
      ASSERT_EQ(printed.entry_time()->nanoseconds, recorded.entry_time()->nanoseconds / 1000 * 1000) << i;
    }
  }
  for (std::size_t i = 0; i < text.forest.tree_count(); ++i) {
    const auto printed = text.forest.trees()[i].task();
    const auto recorded = pages.forest.trees()[i].task();
    ASSERT_TRUE(recorded);
    if (!printed)
      continue;  // no banner spoke of it
    EXPECT_EQ(printed->pid, recorded->pid);
    if (capture.names_known) {
      EXPECT_EQ(printed->comm, recorded->comm.substr(0, 7));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Of, GraphCaptures,
                         testing::Values(Capture{"4.4.0", "g.default", 3295}, Capture{"4.4.0", "g.depth2", 1362},
                                         Capture{"4.4.0", "g.full", 3311}, Capture{"5.4.0", "g.default", 3646},
                                         Capture{"5.4.0", "g.depth2", 1455}, Capture{"5.4.0", "g.full", 3640},
                                         Capture{"6.5.0", "g.default", 1423}, Capture{"6.5.0", "g.full", 3470},
                                         Capture{"6.5.0", "g.wrap", 115}, Capture{"6.5.0", "g.argsraw", 1449},
                                         Capture{"6.17.0", "g.default", 2783}, Capture{"6.17.0", "g.full", 3291},
                                         Capture{"6.17.0", "g.wrap", 145}, Capture{"6.17.0", "g.argsraw", 1019},
                                         Capture{"7.3.4", "g.default", 1150}, Capture{"7.3.4", "g.full", 3675},
                                         Capture{"7.3.4", "g.wrap", 128}, Capture{"7.3.4", "g.argsraw", 1373},
                                         Capture{"7.3.4", "g.depth2", 3561},
                                         Capture{"6.1.0-56-amd64", "raw/fgraph", 1169, true, true},
                                         Capture{"6.1.0-56-amd64", "raw/fgraph-2cpu", 12610, true},
                                         Capture{"6.1.0-56-amd64", "raw/fgraph-events", 1135, true},
                                         Capture{"6.1.0-56-amd64", "raw/fgraph-overwritten", 261, true},
                                         Capture{"6.1.0-56-rt-amd64", "raw/fgraph", 1365, true},
                                         Capture{"6.1.0-56-rt-amd64", "raw/fgraph-2cpu", 12838, true},
                                         Capture{"6.1.0-56-rt-amd64", "raw/fgraph-events", 1729, true},
                                         Capture{"6.1.0-56-rt-amd64", "raw/fgraph-overwritten", 258, true},
                                         Capture{"7.3.4+deb13-amd64", "raw/fgraph", 870, true},
                                         Capture{"7.3.4+deb13-amd64", "raw/fgraph-2cpu", 8943, true},
                                         Capture{"7.3.4+deb13-amd64", "raw/fgraph-events", 928, true},
                                         Capture{"7.3.4+deb13-amd64", "raw/fgraph-overwritten", 257, true}),
                         [](const auto& capture) {
                           std::string name = std::string(capture.param.kernel) + '_' + capture.param.name;
                           std::ranges::replace_if(
                               name, [](char c) { return c == '.' || c == '-' || c == '+' || c == '/'; }, '_');
                           return name;
                         });

}  // namespace
}  // namespace fathom
