#include "call_test_support.hpp"

#include <fathom/graph/function_stats.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace fathom {
namespace {

using test::Events;
using test::grow;

template <class Rows>
std::vector<std::string> names(const Rows& rows) {
  std::vector<std::string> result;
  for (const FunctionStat& f : rows)
    result.emplace_back(f.name);
  return result;
}

TEST(FunctionStats, AddsUpPerFunction) {
  const CallForest forest = grow(
      " 0)               |  read() {\n"
      " 0)   0.100 us    |    lock();\n"
      " 0)   0.300 us    |    lock();\n"
      " 0)   1.000 us    |  }\n"
      " 0)   2.000 us    |  read();\n");
  const FunctionStats stats = function_stats(forest);
  ASSERT_EQ(stats.size(), 2U);
  const FunctionStat& read = *stats.find("read");
  EXPECT_EQ(read.calls, 2U);
  EXPECT_EQ(read.timed, 2U);
  EXPECT_EQ(read.total, Duration{3000});
  EXPECT_EQ(read.outermost_total, Duration{3000});
  EXPECT_EQ(read.self, Duration{2600});
  EXPECT_EQ(read.min, Duration{1000});
  EXPECT_EQ(read.mean, Duration{1500});
  EXPECT_EQ(read.p50, Duration{1000});
  EXPECT_EQ(read.p99, Duration{2000});
  EXPECT_EQ(read.max, Duration{2000});
  const FunctionStat& lock = *stats.find("lock");
  EXPECT_EQ(lock.calls, 2U);
  EXPECT_EQ(lock.self, Duration{400});
  EXPECT_EQ(stats.calls(), 4U);
  EXPECT_EQ(stats.self(), Duration{3000}) << "the roots' durations";
  EXPECT_EQ(stats.find("nope"), nullptr);
}

TEST(FunctionStats, CountsRecursionForEachCallAndOnce) {
  Events events;
  events.as(1).enter("walk", 0).enter("walk", 1).enter("other", 2).leaf("walk", 3, 10);
  events.leave(2, 20).leave(1, 30).leave(0, 100).leaf("walk", 0, 1);
  const FunctionStats stats = function_stats(events.forest);
  EXPECT_EQ(stats.find("walk")->total, Duration{141});
  EXPECT_EQ(stats.find("walk")->outermost_total, Duration{101});
  EXPECT_EQ(stats.find("walk")->self, Duration{70 + 10 + 10 + 1});
}

TEST(FunctionStats, RecursionInACallWithoutDurationCountsOnceToo) {
  Events events;
  events.as(1).enter("walk", 0).leaf("walk", 1, 10).leaf("walk", 1, 20);
  events.forest.finish();
  const FunctionStats stats = function_stats(events.forest);
  EXPECT_EQ(stats.find("walk")->outermost_total, Duration{30});
  EXPECT_EQ(stats.find("walk")->incomplete, 1U);
}

TEST(FunctionStats, KeepsWhatIsNotSureApart) {
  Events events;
  events.as(1).on_cpu(0).leaf("b", 1, 10).leave(0, 100, "a");  // its entry is missing
  events.enter("a", 0).leaf("b", 1, 10).leave(0, 60);          // complete
  events.enter("a", 0).leaf("b", 1, 10).lose(0).leave(0, 50);  // something in it is missing
  events.enter("a", 0).leaf("b", 1, 10);                       // its exit is missing
  events.forest.finish();
  const FunctionStats stats = function_stats(events.forest);
  const FunctionStat& a = *stats.find("a");
  EXPECT_EQ(a.calls, 3U);
  EXPECT_EQ(a.incomplete, 1U);
  EXPECT_EQ(a.total, Duration{210});
  EXPECT_EQ(a.self, Duration{50});
  EXPECT_EQ(a.partial, 2U);
  EXPECT_EQ(a.partial_self, Duration{90 + 40});
  EXPECT_EQ(stats.find("b")->partial, 0U);
}

TEST(FunctionStats, CountsNegativeSelfTimeAndDoesNotClampIt) {
  Events events;
  events.as(1).enter("a", 0).leaf("b", 1, 150).leave(0, 100);
  events.enter("a", 0).leaf("b", 1, 80).leave(0, 100);
  const FunctionStats stats = function_stats(events.forest);
  EXPECT_EQ(stats.find("a")->self, Duration{-50 + 20});
  EXPECT_EQ(stats.find("a")->negative_self, 1U);
  EXPECT_EQ(stats.find("b")->negative_self, 0U);
}

TEST(FunctionStats, HasNoTimesWhereTheSourceHasNone) {
  const CallForest forest = grow(
      " 0) do_sys_open() {\n"
      " 0)   getname();\n"
      " 0) }\n");
  const FunctionStats stats = function_stats(forest);
  ASSERT_NE(stats.find("getname"), nullptr);
  EXPECT_EQ(stats.find("getname")->calls, 1U);
  EXPECT_EQ(stats.find("getname")->timed, 0U);
  EXPECT_EQ(stats.find("getname")->mean, Duration{0});
  EXPECT_TRUE(stats.find("getname")->log2_histogram.empty());
}

TEST(FunctionStats, PercentilesAreOfNearestRank) {
  struct Case {
    int count;
    std::int64_t p50, p99;
  };
  for (const Case& c : {Case{1, 1, 1}, Case{2, 1, 2}, Case{3, 2, 3}, Case{99, 50, 99}, Case{100, 50, 99},
                        Case{101, 51, 100}, Case{1000, 500, 990}}) {
    Events events;
    events.as(1);
    for (int i = 0; i < c.count; ++i)  // 1 to count, in another order: none of these counts is a multiple of 7
      events.leaf("f", 0, 1 + (i * 7 + 3) % c.count);
    const FunctionStats stats = function_stats(events.forest);
    EXPECT_EQ(stats.find("f")->p50, Duration{c.p50}) << c.count;
    EXPECT_EQ(stats.find("f")->p99, Duration{c.p99}) << c.count;
  }
}

TEST(FunctionStats, BucketsAreTheKernelsLog2) {
  struct Case {
    std::int64_t nanoseconds;
    std::size_t bucket;
  };
  for (const Case& c : {Case{0, 0}, Case{1, 0}, Case{2, 1}, Case{3, 2}, Case{4, 2}, Case{5, 3}, Case{1024, 10},
                        Case{1025, 11}, Case{std::numeric_limits<std::int64_t>::max(), 63}}) {
    Events events;
    events.as(1).leaf("f", 0, c.nanoseconds);
    const FunctionStats stats = function_stats(events.forest);
    ASSERT_EQ(stats.find("f")->log2_histogram.size(), c.bucket + 1) << c.nanoseconds;
    EXPECT_EQ(stats.find("f")->log2_histogram.back(), 1U);
  }
}

TEST(FunctionStats, SortsAsAsked) {
  Events events;
  events.as(1).enter("long", 0).leaf("busy", 1, 90).leave(0, 100);
  events.leaf("often", 0, 1).leaf("often", 0, 1).leaf("often", 0, 1).leaf("aften", 0, 3);
  const FunctionStats stats = function_stats(events.forest);
  using Names = std::vector<std::string>;
  EXPECT_EQ(names(stats.by_name()), (Names{"aften", "busy", "long", "often"}));
  EXPECT_EQ(names(stats.by_self_time()), (Names{"busy", "long", "aften", "often"}));
  EXPECT_EQ(names(stats.by_total_time()), (Names{"long", "busy", "aften", "often"}));
  EXPECT_EQ(names(stats.by_calls()), (Names{"often", "aften", "busy", "long"}));
  EXPECT_EQ(names(stats.by_self_time() | std::views::take(1)), Names{"busy"});
}

TEST(FunctionStats, TellsModulesApart) {
  const CallForest forest = grow(
      " 0)   1.000 us    |  init [overlay]();\n"
      " 0)   2.000 us    |  init();\n");
  const FunctionStats stats = function_stats(forest);
  EXPECT_EQ(stats.find("init")->total, Duration{2000});
  EXPECT_EQ(stats.find("init", "overlay")->total, Duration{1000});
}

TEST(FunctionStats, SelectsByCpuAndTask) {
  Events events;
  events.on_cpu(0).as(1).leaf("f", 0, 1).as(2).leaf("f", 0, 10);
  events.on_cpu(1).as(1).leaf("f", 0, 100).as(0).leaf("f", 0, 1000);
  const CallForest& forest = events.forest;
  const auto total = [&forest](const CallSelection& selection) {
    const FunctionStats stats = function_stats(forest, selection);
    return stats.find("f")->total;
  };
  EXPECT_EQ(total({}), Duration{1111});
  EXPECT_EQ(total({.cpu = 0}), Duration{11});
  EXPECT_EQ(total({.pid = 1}), Duration{101});
  EXPECT_EQ(total({.cpu = 1, .pid = 1}), Duration{100});
  EXPECT_EQ(total({.cpu = 1, .pid = 0}), Duration{1000});
  EXPECT_EQ(function_stats(forest, {.pid = 77}).size(), 0U);

  const auto by_cpu = function_stats_by_cpu(forest);
  ASSERT_EQ(by_cpu.size(), 2U);
  EXPECT_EQ(by_cpu[0].first, 0U);
  EXPECT_EQ(by_cpu[0].second.find("f")->total, Duration{11});
  EXPECT_EQ(by_cpu[1].second.find("f")->total, Duration{1100});

  const auto by_tree = function_stats_by_tree(forest);
  ASSERT_EQ(by_tree.size(), 3U);
  EXPECT_EQ(by_tree[0].first.task()->pid, 1);
  EXPECT_EQ(by_tree[0].second.find("f")->total, Duration{101});
  EXPECT_EQ(by_tree[2].second.find("f")->total, Duration{1000});
}

TEST(FunctionStats, CallsWithoutACpuComeLast) {
  Events events;
  events.as(1).leaf("f", 0, 1).on_cpu(3).leaf("f", 0, 10);
  const auto by_cpu = function_stats_by_cpu(events.forest);
  ASSERT_EQ(by_cpu.size(), 2U);
  EXPECT_EQ(by_cpu[0].first, 3U);
  EXPECT_EQ(by_cpu[1].first, std::nullopt);
}

TEST(FunctionStats, GivesTheUnknownFunctionARow) {
  Events events;
  events.as(1).leave(0, 5);
  const FunctionStats stats = function_stats(events.forest);
  ASSERT_EQ(stats.size(), 1U);
  EXPECT_EQ(stats.by_name()[0].function, FunctionId::unknown);
  EXPECT_EQ(stats.find("")->calls, 1U);
}

TEST(FunctionStats, SumsOfHostileDurationsSaturate) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  Events events;
  events.as(1)
      .leaf("f", 0, kMax)
      .leaf("f", 0, kMax)
      .enter("g", 0)
      .leaf("f", 1, kMax)
      .leaf("f", 1, kMax)
      .leave(0, -kMax);
  const FunctionStats stats = function_stats(events.forest);
  EXPECT_EQ(stats.find("f")->total, Duration{kMax});
  EXPECT_EQ(stats.find("g")->self, Duration::min());
}

// A task, a processor and a function for each call: with a table of all functions for each, this would take minutes and
// all memory.
TEST(FunctionStats, ManyTasksProcessorsAndFunctionsTakeNoLongTime) {
  Events events;
  constexpr std::uint32_t kTimes = 60000;
  for (std::uint32_t i = 0; i < kTimes; ++i)
    events.on_cpu(i).as(static_cast<std::int32_t>(i) + 1).leaf("f" + std::to_string(i), 0, i);
  EXPECT_EQ(function_stats(events.forest).size(), kTimes);

  const auto by_cpu = function_stats_by_cpu(events.forest);
  ASSERT_EQ(by_cpu.size(), kTimes);
  EXPECT_EQ(by_cpu.back().second.size(), 1U);
  const auto by_tree = function_stats_by_tree(events.forest);
  ASSERT_EQ(by_tree.size(), kTimes);
  ASSERT_EQ(by_tree.back().second.size(), 1U);
  EXPECT_EQ(by_tree.back().second.find("f59999")->total, Duration{kTimes - 1});
}

// What is open at the end of one tree is not open in the next.
TEST(FunctionStats, TreesDoNotContainOneAnother) {
  Events events;
  events.as(1).enter("f", 0).leaf("g", 1, 1).leave(0, 10).as(2).leaf("f", 0, 100);
  const FunctionStats stats = function_stats(events.forest);
  EXPECT_EQ(stats.find("f")->outermost_total, Duration{110});
}

TEST(FunctionStats, OfNothingIsEmpty) {
  const CallForest forest;
  const FunctionStats stats = function_stats(forest);
  EXPECT_EQ(stats.size(), 0U);
  EXPECT_TRUE(stats.by_self_time().empty());
}

}  // namespace
}  // namespace fathom
