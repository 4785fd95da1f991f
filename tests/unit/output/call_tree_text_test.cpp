#include "output_test_support.hpp"

#include <fathom/graph/function_stats.hpp>
#include <fathom/output/call_tree_text.hpp>

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <utility>

namespace fathom {
namespace {

using test::forest_of;
using test::lines_of;
using test::read_capture;
using test::written;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kHeader =
    "# tracer: function_graph\n"
    "#\n"
    "#  DURATION                  FUNCTION CALLS\n"
    "#   |   |                     |   |   |   |\n"
    "#\n";

// Without the header.
std::string tree_text(const CallForest& forest, const CallTreeTextOptions& options = {}) {
  const std::string text = written(forest, options);
  EXPECT_TRUE(text.starts_with(kHeader)) << text;
  return text.substr(std::min(kHeader.size(), text.size()));
}

struct Case {
  std::string_view name;
  std::string_view input;
  std::string_view expected;
  std::size_t tail_names_after = 20;
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}

class TreeText : public testing::TestWithParam<Case> {};

TEST_P(TreeText, IsAsExpected) {
  EXPECT_EQ(tree_text(forest_of(GetParam().input), {.tail_names_after = GetParam().tail_names_after}),
            GetParam().expected);
}

// The inputs are in the kernel's own layout, most without its cpu column: then a line that holds a whole call comes out
// as it went in.
const Case kCases[] = {
    {"durations_and_marks",
     "  0.102 us    |  a();\n"
     "  9.999 us    |  b();\n"
     "+ 10.344 us   |  c();\n"
     "! 123.456 us  |  d();\n"
     "# 1234.567 us |  e();\n"
     "* 12345.67 us |  f();\n"
     "@ 123456.7 us |  g();\n"
     "$ 1234567 us  |  h();\n"
     "$ 12345678 us |  i();\n",
     "# unknown task: 9 calls\n"
     "  0.102 us    |  a();\n"
     "  9.999 us    |  b();\n"
     "+ 10.344 us   |  c();\n"
     "! 123.456 us  |  d();\n"
     "# 1234.567 us |  e();\n"
     "* 12345.67 us |  f();\n"
     "@ 123456.7 us |  g();\n"
     "$ 1234567 us  |  h();\n"
     "$ 12345678 us |  i();\n"},
    {"nested_with_module",
     "              |  vfs_statx() {\n"
     "  1.500 us    |    ovl_getattr [overlay]();\n"
     "+ 12.000 us   |  }\n",
     "# unknown task: 2 calls\n"
     "              |  vfs_statx() {\n"
     "  1.500 us    |    ovl_getattr [overlay]();\n"
     "+ 12.000 us   |  }\n"},
    {"name_at_a_far_brace",
     "              |  vfs_read() {\n"
     "              |    near() {\n"
     "  1.000 us    |      a();\n"
     "  2.000 us    |    }\n"
     "+ 12.000 us   |  }\n",
     "# unknown task: 3 calls\n"
     "              |  vfs_read() {\n"
     "              |    near() {\n"
     "  1.000 us    |      a();\n"
     "  2.000 us    |    }\n"
     "+ 12.000 us   |  } /* vfs_read */\n",
     4},
    {"cut_at_both_ends",
     "  1.000 us    |    inner();\n"
     "  5.000 us    |  } /* begun_before */\n"
     "              |  not_ended() {\n"
     "  2.000 us    |    child();\n",
     "# unknown task: 4 calls\n"
     "              |  begun_before() {\n"
     "              |    /* no_entry */\n"
     "  1.000 us    |    inner();\n"
     "  5.000 us    |  }\n"
     "              |  not_ended() {\n"
     "              |    /* no_exit */\n"
     "  2.000 us    |    child();\n"
     "              |  }\n"},
    {"unknown_function", " 0)   5.000 us    |  }\n",
     "# unknown task on cpu 0: 1 call\n"
     "              |  (unknown)() {\n"
     "              |    /* no_entry */\n"
     "  5.000 us    |  }\n"},
    {"loss_in_a_call",
     " 0)               |  outer() {\n"
     "CPU:0 [LOST 12 EVENTS]\n"
     " 0)   5.000 us    |  }\n",
     "# unknown task on cpu 0: 1 call\n"
     "              |  outer() {\n"
     "              |    /* children_lost */\n"
     "  5.000 us    |  }\n"},
    {"callers_missing", "  1.000 us    |      deep();\n",
     "# unknown task: 1 call\n"
     "              |      deep() {\n"
     "              |        /* parents_unknown */\n"
     "  1.000 us    |      }\n"},
    {"arguments_callers_results",
     "              |  do_sys(fd=3, p=0x7f) { /* <-entry+0x4/0x370 */\n"
     "  1.500 us    |    leaf(); /* <-do_sys+0x10/0x20 ret=0x1f */\n"
     "  1.600 us    |    fails(); /* ret=-22 */\n"
     "+ 12.000 us   |  } /* do_sys ret=0x0 */\n",
     "# unknown task: 3 calls\n"
     "              |  do_sys(fd=3, p=0x7f) { /* <-entry+0x4/0x370 */\n"
     "  1.500 us    |    leaf(); /* <-do_sys+0x10/0x20 ret=0x1f */\n"
     "  1.600 us    |    fails(); /* ret=-22 */\n"
     "+ 12.000 us   |  } /* do_sys ret=0x0 */\n"},
    {"comments_where_they_happened",
     "              |  /* before all */\n"
     "              |  outer() {\n"
     "              |    /* first */\n"
     "  1.000 us    |    a();\n"
     "              |    /* sched_wakeup: comm=x */\n"
     "  1.000 us    |    b();\n"
     "  5.000 us    |  }\n"
     "              |  /* after all */\n",
     "# unknown task: 3 calls\n"
     "              |  /* before all */\n"
     "              |  outer() {\n"
     "              |    /* first */\n"
     "  1.000 us    |    a();\n"
     "              |    /* sched_wakeup: comm=x */\n"
     "  1.000 us    |    b();\n"
     "  5.000 us    |  }\n"
     "              |  /* after all */\n"},
    {"a_tree_for_each_task",
     " 0)   1.000 us    |  a();\n"
     " ------------------------------------------\n"
     " 0)    <idle>-0    =>    ls-168   \n"
     " ------------------------------------------\n"
     "\n"
     " 0)   2.000 us    |  b();\n"
     " 0)   3.000 us    |  c();\n",
     "# <idle>-0 on cpu 0: 1 call\n"
     "  1.000 us    |  a();\n"
     "#\n"
     "# ls-168: 2 calls\n"
     "  2.000 us    |  b();\n"
     "  3.000 us    |  c();\n"},
};

INSTANTIATE_TEST_SUITE_P(Output, TreeText, testing::ValuesIn(kCases),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(TreeTextOfNothing, IsTheHeader) {
  EXPECT_EQ(written(CallForest()) + "#\n", kHeader);
}

TEST(TreeTextPieces, OneCallAndOneTreeAreThatPartOfTheWhole) {
  const CallForest forest = forest_of(kCases[1].input);
  std::string one;
  append_text(one, forest.call(1));
  EXPECT_EQ(one, "  1.500 us    |    ovl_getattr [overlay]();\n");
  std::string tree("before\n");
  append_text(tree, forest.trees()[0]);
  EXPECT_EQ(tree, "before\n" + std::string(kCases[1].expected));
}

TEST(TreeTextPieces, AStreamGetsTheSameAsAString) {
  const CallForest forest = forest_of(read_capture("7.3.4/g.default.txt"));
  ASSERT_GT(forest.calls(), 1000U);
  std::string pieces;
  for (const CallTree tree : forest.trees()) {
    pieces += "#\n";
    append_text(pieces, tree);
  }
  EXPECT_EQ(tree_text(forest).insert(0, "#\n"), pieces);
}

TEST(TreeTextColor, IsByDurationAndAlwaysEnds) {
  const CallForest forest = forest_of(kCases[0].input);
  const std::string text = tree_text(forest, {.color = true});
  EXPECT_THAT(text, HasSubstr("\x1b[1m# unknown task: 9 calls\x1b[0m\n"));
  EXPECT_THAT(text, HasSubstr("\n+ 10.344 us   |  c();\n"));
  EXPECT_THAT(text, HasSubstr("\n\x1b[33m! 123.456 us  |  \x1b[0md();\n"));
  EXPECT_THAT(text, HasSubstr("\n\x1b[31m# 1234.567 us |  \x1b[0me();\n"));
  EXPECT_THAT(text, HasSubstr("\n\x1b[1;31m$ 1234567 us  |  \x1b[0mh();\n"));
  EXPECT_THAT(tree_text(forest), Not(HasSubstr("\x1b")));
}

// A task can call itself anything, and a marker can say anything.
TEST(TreeTextHostileInput, CantReachTheTerminal) {
  CallForest forest({.keep_details = true, .keep_comments = true});
  TaskChange change;
  change.cpu = 0;
  change.previous = {1, "a"};
  change.next = {2, "x\x1b[31m\n"};
  forest.on(change);
  GraphEntry entry;
  entry.context.cpu = 0;
  entry.function = forest.functions().intern("bell\a");
  entry.args = "\x1b]0;title\a";
  forest.on(entry);
  GraphComment comment;
  comment.context.cpu = 0;
  comment.text = "line\n+ 10.000 us | fake();";
  forest.on(comment);
  forest.finish();
  const std::string text = tree_text(forest);
  EXPECT_TRUE(std::ranges::all_of(text, [](char c) { return c == '\n' || c >= ' '; })) << text;
  EXPECT_THAT(text, HasSubstr("# x?[31m -2: 1 call\n"));
  EXPECT_THAT(text, HasSubstr("  /* line + 10.000 us | fake(); */\n"));
}

TEST(TreeTextHostileInput, DeepNestingCostsNeitherStackNorLongLines) {
  constexpr std::uint32_t kDepth = 60'000;
  CallForest forest;
  const FunctionId function = forest.functions().intern("f");
  for (std::uint32_t depth = 0; depth < kDepth; ++depth) {
    GraphEntry entry;
    entry.function = function;
    entry.depth = depth;
    forest.on(entry);
  }
  forest.finish();
  const std::vector<std::string> lines = lines_of(tree_text(forest));
  EXPECT_EQ(lines.size(), 1U + 3U * kDepth);  // the heading; an opening brace, its marks and a closing brace each
  for (const std::string& line : lines)
    ASSERT_LE(line.size(), 600U);
}

// The kernel's lines are ours: of calls, with their columns and their place.
TEST(TreeTextOfCaptures, KeepsTheKernelsLines) {
  for (const std::string_view name : {"6.5.0/g.nocpu.txt", "6.17.0/g.nocpu.txt"}) {
    // In trees by task they stand in another order.
    const std::vector<std::string> all =
        lines_of(tree_text(forest_of(read_capture(name)), {.tail_names_after = 1'000'000}));
    std::multiset<std::string> ours(all.begin(), all.end());
    std::size_t kept = 0;
    for (std::string line : lines_of(read_capture(name))) {
      if (line.starts_with('#') || line.find('|') == std::string::npos)
        continue;
      line = line.substr(0, line.find(" /* "));  // names behind braces are by our own rule
      const auto found = ours.find(line);
      ASSERT_NE(found, ours.end()) << name << ": " << line;
      ours.erase(found);
      ++kept;
    }
    EXPECT_GT(kept, 100U) << name;
    // Beyond these there are headings, and the other brace and the marks of calls that are cut.
    EXPECT_LT(ours.size(), kept / 10) << name;
  }
}

using Timed = std::map<std::pair<std::string, std::string>, std::pair<std::uint64_t, std::int64_t>>;

Timed timed_calls(const CallForest& forest) {
  Timed timed;
  const FunctionStats stats = function_stats(forest);
  for (const FunctionStat& f : stats.by_name()) {
    if (f.timed != 0)
      timed[{std::string(f.name), std::string(f.module)}] = {f.timed, f.total.count()};
  }
  return timed;
}

// What is written is read back as the same calls, of every capture of function_graph that there is.
TEST(TreeTextOfCaptures, IsReadBackAsTheSameCalls) {
  namespace fs = std::filesystem;
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(FATHOM_TEST_CAPTURES)) {
    if (!entry.is_regular_file() || entry.path().extension() != ".txt" || entry.file_size() > 300'000)
      continue;
    const CallForest forest = forest_of(test::read_file(entry.path()));
    if (forest.calls() == 0)
      continue;
    std::uint64_t unnamed = 0;
    for (std::uint32_t i = 0; i < forest.calls(); ++i)
      unnamed += forest.call(i).function() == FunctionId::unknown ? 1U : 0U;

    CallForest again;
    FunctionGraphParser parser;
    parser.feed(written(forest), again);
    parser.finish(again);
    again.finish();
    EXPECT_EQ(parser.stats().skipped_records(), unnamed)
        << entry.path() << ": " << (parser.stats().first_bad ? parser.stats().first_bad->text : "");
    EXPECT_EQ(timed_calls(again), timed_calls(forest)) << entry.path();
    ++files;
  }
  EXPECT_GT(files, 200U);
}

}  // namespace
}  // namespace fathom
