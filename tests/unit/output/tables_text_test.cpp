#include "output_test_support.hpp"

#include <fathom/graph/context_switches.hpp>
#include <fathom/graph/function_stats.hpp>
#include <fathom/output/context_switches_text.hpp>
#include <fathom/output/function_stats_text.hpp>

#include <gmock/gmock.h>

namespace fathom {
namespace {

using test::forest_of;
using test::lines_of;
using test::read_capture;
using test::read_golden;
using test::written;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kTrace =
    "              |  vfs_read() {\n"
    "  1.500 us    |    rw_verify_area();\n"
    "  2.500 us    |    ovl_read [overlay]();\n"
    "+ 14.000 us   |  }\n"
    "  0.500 us    |  rw_verify_area();\n"
    "              |  never_ends() {\n";

std::string stats_text(std::string_view trace, const FunctionStatsTextOptions& options = {}) {
  const CallForest forest = forest_of(trace);
  return written(function_stats(forest), options);
}

std::vector<std::string> names_in(const std::string& table) {
  std::vector<std::string> names;
  for (const std::string& line : lines_of(table)) {
    if (!line.starts_with('#'))
      names.push_back(line.substr(line.rfind("  ") + 2));
  }
  return names;
}

TEST(FunctionStatsText, IsATable) {
  EXPECT_EQ(
      stats_text(kTrace),
      "#    SELF us  SELF %    TOTAL us      CALLS     CUT      MIN us      P50 us      P99 us      MAX us  FUNCTION\n"
      "      10.000    69.0      14.000          1       0      14.000      14.000      14.000      14.000  vfs_read\n"
      "       2.500    17.2       2.500          1       0       2.500       2.500       2.500       2.500  "
      "ovl_read [overlay]\n"
      "       2.000    13.8       2.000          2       0       0.500       0.500       1.500       1.500  "
      "rw_verify_area\n"
      "       0.000     0.0       0.000          0       1           -           -           -           -  "
      "never_ends\n"
      "# 4 functions, 4 calls, 14.500 us\n");
}

TEST(FunctionStatsText, IsSortedAsAsked) {
  const CallForest forest = forest_of(kTrace);
  const FunctionStats stats = function_stats(forest);
  const auto names = [&](FunctionOrder order) {
    return names_in(written(stats, FunctionStatsTextOptions{.order = order, .top = 2}));
  };
  EXPECT_THAT(names(FunctionOrder::self), ElementsAre("vfs_read", "ovl_read [overlay]"));
  EXPECT_THAT(names(FunctionOrder::total), ElementsAre("vfs_read", "ovl_read [overlay]"));
  EXPECT_THAT(names(FunctionOrder::calls), ElementsAre("rw_verify_area", "ovl_read [overlay]"));
  EXPECT_THAT(names(FunctionOrder::name), ElementsAre("never_ends", "ovl_read [overlay]"));
}

TEST(FunctionStatsText, SaysHowManyAreNotShown) {
  const CallForest forest = forest_of(kTrace);
  const FunctionStats stats = function_stats(forest);
  EXPECT_THAT(written(stats, FunctionStatsTextOptions{.top = 3}),
              HasSubstr("\n# 4 functions, 4 calls, 14.500 us; not shown: 1 function\n"));
  EXPECT_THAT(written(stats, FunctionStatsTextOptions{.top = 4}), HasSubstr("\n# 4 functions, 4 calls, 14.500 us\n"));
}

TEST(FunctionStatsText, KeepsColumnsApartHoweverLongTheNumbers) {
  const std::string table = stats_text("$ 123456789012 us |  long_one();\n");
  EXPECT_THAT(table, HasSubstr("\n 123456789012.000   100.0 123456789012.000          1"));
}

TEST(FunctionStatsText, OfNothing) {
  const std::string table = written(FunctionStats());
  EXPECT_EQ(lines_of(table).size(), 2U);
  EXPECT_THAT(table, HasSubstr("# 0 functions, 0 calls, 0.000 us\n"));
}

TEST(FunctionStatsText, ColorsTheHeadAlone) {
  const std::string table = stats_text(kTrace, {.color = true});
  EXPECT_TRUE(table.starts_with("\x1b[1m#    SELF us"));
  EXPECT_THAT(table, HasSubstr("FUNCTION\n\x1b[0m"));
}

struct Golden {
  std::string_view capture;
  std::string_view name;
};

TEST(ContextSwitchesText, IsAsTheGoldenFilesSay) {
  for (const auto& [capture, name] :
       {Golden{"6.1.0-56-amd64/fg-smp/switch-filtered-default.txt", "switches-durations.txt"},
        Golden{"6.1.0-56-amd64/fg-smp/switch-filtered-proc-abstime-tail.txt", "switches-entry-times.txt"}}) {
    const CallForest forest = forest_of(read_capture(capture));
    EXPECT_EQ(written(context_switches(forest)), read_golden(name)) << capture;
  }
}

TEST(ContextSwitchesText, ShowsTheFirstOutliers) {
  const CallForest forest = forest_of(read_capture("6.1.0-56-amd64/fg-smp/switch-filtered-default.txt"));
  const ContextSwitches switches = context_switches(forest);
  const ContextSwitchesTextOptions all{.times_median = 0};
  const std::vector<std::string> everything = lines_of(written(switches, all));
  ASSERT_EQ(switches.all().size(), 13U);
  EXPECT_THAT(everything, testing::Contains("# took more than 0 times the median of 203.442 us: 13"));
  const std::vector<std::string> two =
      lines_of(written(switches, ContextSwitchesTextOptions{.times_median = 0, .top = 2}));
  ASSERT_EQ(two.size(), everything.size() - 13 + 2 + 1);
  EXPECT_EQ(two.back(), "# not shown: 11");
  EXPECT_EQ(two[two.size() - 3], everything[everything.size() - 13]);
}

TEST(ContextSwitchesText, OfNothingIsALine) {
  const CallForest forest = forest_of(kTrace);
  EXPECT_EQ(written(context_switches(forest)), "# 0 context switches\n");
}

}  // namespace
}  // namespace fathom
