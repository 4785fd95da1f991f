// The promises about threads: distinct objects share nothing, and what is no longer fed may be read by many. What they
// are worth shows under TSan; here they must at least give what one thread gives.

#include <fathom/base/error.hpp>
#include <fathom/graph/call_forest.hpp>
#include <fathom/graph/function_graph_parser.hpp>
#include <fathom/graph/function_stats.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace fathom {
namespace {

constexpr std::size_t kThreads = 4;
constexpr int kRounds = 200;

// Some hundred functions, so that tables grow while the threads run.
std::string graph_text() {
  std::string text;
  for (int i = 0; i < kRounds; ++i) {
    const std::string name = "vfs_" + std::to_string(i);
    text += " 0)               |  " + name + "() {\n";
    text += " 0)   0.125 us    |    mutex_lock();\n";
    text += " 0)   1.500 us    |  }\n";
  }
  return text;
}

CallForest parse(const std::string& text) {
  FunctionGraphParser parser;
  CallForest forest;
  parser.feed(text, forest);
  parser.finish(forest);
  return forest;
}

// One line a function: all that two runs must agree on.
std::string describe(const CallForest& forest) {
  const FunctionStats stats = function_stats(forest);
  std::string text;
  for (const FunctionStat& f : stats.by_self_time()) {
    text += std::string(f.name) + ' ' + std::to_string(f.calls) + ' ' + std::to_string(f.total.count()) + ' ' +
            std::to_string(f.self.count()) + ' ' + std::to_string(f.p99.count()) + '\n';
  }
  return text;
}

// The result of `work` in each of several threads at once.
std::vector<std::string> in_threads(const std::function<std::string()>& work) {
  std::vector<std::string> results(kThreads);
  std::vector<std::jthread> threads;
  threads.reserve(kThreads);
  for (std::string& result : results)
    threads.emplace_back([&work, &result] { result = work(); });
  threads.clear();
  return results;
}

TEST(Threads, DistinctParsersAndForestsShareNothing) {
  const std::string text = graph_text();
  const std::string alone = describe(parse(text));
  ASSERT_NE(alone.find("mutex_lock 200 25000 25000 125"), std::string::npos) << alone;
  for (const std::string& result : in_threads([&text] { return describe(parse(text)); }))
    EXPECT_EQ(result, alone);
}

TEST(Threads, AFinishedForestIsReadByMany) {
  const CallForest forest = parse(graph_text());
  const std::string alone = describe(forest);
  ASSERT_FALSE(alone.empty());
  const auto read = [&forest] {
    EXPECT_EQ(forest.calls(), 2U * kRounds);
    EXPECT_NE(forest.functions().find("vfs_7"), FunctionId::unknown);
    return describe(forest);
  };
  for (const std::string& result : in_threads(read))
    EXPECT_EQ(result, alone);
}

TEST(Threads, CopiesOfAnErrorGoEachTheirWay) {
  const Error error(std::errc::permission_denied, "open", "/sys/kernel/tracing/trace", "be root");
  const std::string alone = error.what();
  const auto copy = [&error] {
    std::string text;
    for (int i = 0; i < kRounds; ++i) {
      const Error mine = error;
      text = mine.what();
    }
    return text;
  };
  for (const std::string& result : in_threads(copy))
    EXPECT_EQ(result, alone);
}

}  // namespace
}  // namespace fathom
