// Parsing allocates for what it has not met before, a function's name, and not for each line.

#include "counting_allocator.hpp"

#include <fathom/graph/call_forest.hpp>
#include <fathom/graph/function_graph_parser.hpp>

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace fathom {
namespace {

struct CountSink {
  FunctionTable table;
  std::uint64_t events = 0;
  FunctionTable& functions() { return table; }
  void on(const GraphEntry&) { ++events; }
  void on(const GraphExit&) { ++events; }
};

std::string read_capture(const char* name) {
  std::ifstream in(std::string(FATHOM_TEST_CAPTURES "/") + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class Allocations : public testing::TestWithParam<const char*> {};

TEST_P(Allocations, KnownFunctionsCostNone) {
  const std::string text = read_capture(GetParam());
  ASSERT_GT(text.size(), 10'000U);
  FunctionGraphParser parser;
  CountSink sink;
  parser.feed(text, sink);
  parser.finish(sink);
  const std::uint64_t events = sink.events;
  ASSERT_GT(events, 100U);
  const std::size_t before = test::allocations();
  parser.feed(text, sink);
  parser.finish(sink);
  // "# tracer:" forgets the processors' tasks; to remember them again is an allocation or two for each processor.
  EXPECT_LE(test::allocations() - before, 4U);
  EXPECT_EQ(sink.events, 2 * events);
}

TEST_P(Allocations, ATreeTakesBlocksNotCalls) {
  const std::string text = read_capture(GetParam());
  CallForest forest;
  FunctionGraphParser parser;
  parser.feed(text, forest);
  const std::size_t calls = forest.calls();
  const std::size_t before = test::allocations();
  parser.feed(text, forest);
  ASSERT_GT(forest.calls(), calls);
  // A block holds a thousand calls, and beside it a vector grows now and then.
  EXPECT_LE(test::allocations() - before, (forest.calls() - calls) / 200 + 20);
}

INSTANTIATE_TEST_SUITE_P(OfTheCaptures, Allocations,
                         testing::Values("6.1.0-56-amd64/fg-smp/smp-switch-full.txt", "6.17.0/g.argsretval.txt",
                                         "6.1.0-56-rt-amd64/fg-smp/smp-latency.txt", "6.17.0/g.allcols.txt"));

}  // namespace
}  // namespace fathom
