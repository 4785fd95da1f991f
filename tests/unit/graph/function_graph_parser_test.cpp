#include "recording_sink.hpp"

#include <fathom/graph/function_graph_parser.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace fathom {
namespace {

using test::RecordingSink;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> parse(std::string_view text, ParseStats* stats = nullptr) {
  FunctionGraphParser parser;
  RecordingSink sink;
  parser.feed(text, sink);
  parser.finish(sink);
  const ParseStats result = parser.stats();
  EXPECT_EQ(result.bytes, text.size());
  EXPECT_EQ(result.parsed_bytes + result.skipped_bytes, text.size());
  EXPECT_EQ(result.parsed_records, parser.lines().total());
  EXPECT_EQ(result.parsed_records + result.skipped_records(), result.records);
  if (stats != nullptr)
    *stats = result;
  else
    EXPECT_EQ(result.skipped_records(), 0U) << result.first_bad->text;
  return sink.lines();
}

std::vector<std::string> parse_line(const std::string& line) {
  return parse(line + '\n');
}

// Lines that kernels of the named versions printed; the columns have to be found from the line itself.
TEST(FunctionGraphParser, FindsTheColumnsOfASingleLine) {
  struct Case {
    const char* line;
    std::vector<std::string> events;
  };
  const std::vector<Case> cases = {
      // default
      {" 0)               |  vfs_read() {", {"entry vfs_read depth=0 cpu=0"}},
      {" 0)   0.105 us    |                  rcu_read_unlock_strict();",
       {"leaf rcu_read_unlock_strict depth=8 cpu=0", "return rcu_read_unlock_strict depth=8 ns=105~1 cpu=0"}},
      {" 12) + 12.423 us   |            }", {"exit ? depth=5 ns=12423~1 cpu=12"}},
      {"   1) @ 808673.2 us |          } /* schedule */", {"exit schedule depth=4 ns=808673200~100 cpu=1"}},
      {" 0) * 16202.38 us |              }", {"exit ? depth=6 ns=16202380~10 cpu=0"}},
      {" 0) $ 1251684 us  |  } /* do_nanosleep */", {"exit do_nanosleep depth=0 ns=1251684000~1000 cpu=0"}},
      {" 0) $ 123456789 us |  }", {"exit ? depth=0 ns=123456789000~1000 cpu=0"}},
      // modules, suffixes, and functions without a name
      {" 1)               |  ovl_getattr [overlay]() {", {"entry ovl_getattr[overlay] depth=0 cpu=1"}},
      {" 1)   1.1 us |  } /* ovl_getattr [overlay] */", {"exit ovl_getattr[overlay] depth=0 ns=1100~100 cpu=1"}},
      {" 1)   0.186 us    |            finish_task_switch.isra.0();",
       {"leaf finish_task_switch.isra.0 depth=5 cpu=1", "return finish_task_switch.isra.0 depth=5 ns=186~1 cpu=1"}},
      {" 0)               |  0xffffffffa0001000() {", {"entry 0xffffffffa0001000 depth=0 cpu=0"}},
      // funcgraph-abstime, funcgraph-proc, latency-format
      {"   24.008501 |   0)     tw-168     | + 10.344 us   |    mutex_unlock();",
       {"leaf mutex_unlock depth=1 cpu=0 t=24008501000 task=tw-168",
        "return mutex_unlock depth=1 ns=10344~1 cpu=0 task=tw-168"}},
      {" 1)  irq/25--108   |   5.780 us    |  irq_enter_rcu();",
       {"leaf irq_enter_rcu depth=0 cpu=1 task=irq/25--108",
        "return irq_enter_rcu depth=0 ns=5780~1 cpu=1 task=irq/25--108"}},
      {" 1)  kworker-4194304 |               |  process_one_work() {",
       {"entry process_one_work depth=0 cpu=1 task=kworker-4194304"}},
      {" 0)   a | b-7      |               |  f() {", {"entry f depth=0 cpu=0 task=a | b-7"}},
      {"   28.509024 |   0)    init2-1     |  ...1. | + 17.760 us   |  mutex_unlock();",
       {"leaf mutex_unlock depth=0 cpu=0 t=28509024000 task=init2-1 flags=.._.1_.",
        "return mutex_unlock depth=0 ns=17760~1 cpu=0 task=init2-1 flags=.._.1_."}},
      {"        4 us |   0)     tw-181     |  dn..5.. |               |  f() {",
       {"entry f depth=0 cpu=0 t=4000 task=tw-181 flags=dn..5.."}},
      {" 0)  ....+ 15.518 us   |  mutex_unlock();",  // 4.15: four flags and no bar
       {"leaf mutex_unlock depth=0 cpu=0 flags=.._..__", "return mutex_unlock depth=0 ns=15518~1 cpu=0 flags=.._..__"}},
      // columns switched off
      {" 0) do_sys_openat2() {", {"entry do_sys_openat2 depth=0 cpu=0"}},
      {"               |  vfs_read() {", {}},
      {"              |  vfs_read() {", {"entry vfs_read depth=0"}},
      {"    getname_flags() {", {"entry getname_flags depth=2"}},
      // funcgraph-retval, -retaddr, -args
      {" 0)   1.825 us    |          __cond_resched(); /* ret=0x0 */",
       {"leaf __cond_resched depth=4 cpu=0", "return __cond_resched depth=4 ns=1825~1 ret=0 cpu=0"}},
      {" 0)   1.571 us    |  should_failslab(); /* = 0x1f */",
       {"leaf should_failslab depth=0 cpu=0", "return should_failslab depth=0 ns=1571~1 ret=31 cpu=0"}},
      {" 0)   6.532 us    |  } /* kmem_cache_alloc ret=-22 */",
       {"exit kmem_cache_alloc depth=0 ns=6532~1 ret=-22 cpu=0"}},
      {" 0)   6.532 us    |  } /* kmem_cache_alloc = -22 */",
       {"exit kmem_cache_alloc depth=0 ns=6532~1 ret=-22 cpu=0"}},
      {" 0)               |  do_sys_openat2() { /* <-__x64_sys_openat+0x54/0xa0 */",
       {"entry do_sys_openat2 depth=0 caller=__x64_sys_openat+0x54/0xa0 cpu=0"}},
      {" 0)   1.3 us |  f(); /* <-g+0x3c/0x140 ret=0xff11000005017000 */",
       {"leaf f depth=0 caller=g+0x3c/0x140 cpu=0", "return f depth=0 ns=1300~100 ret=-67272519349866496 cpu=0"}},
      {" 0)               |  ovl_inode_upper [overlay](inode=0xff, type=1 [PIDTYPE_TGID], pte=(STRUCT)[0x0], ...) {",
       {"entry ovl_inode_upper[overlay] depth=0 args=inode=0xff, type=1 [PIDTYPE_TGID], pte=(STRUCT)[0x0], ... cpu=0"}},
      {" 0)   1.205 us    |  avg_vruntime(cfs_rq=0xff1100002ee32840); /* <-x+0x1/0x2 ret=0x1 */",
       {"leaf avg_vruntime depth=0 args=cfs_rq=0xff1100002ee32840 caller=x+0x1/0x2 cpu=0",
        "return avg_vruntime depth=0 ns=1205~1 ret=1 cpu=0"}},
      // comments, arrows, losses
      {" 0)               |        /* sched_wakeup: comm=tw pid=1 */", {"comment sched_wakeup: comm=tw pid=1 cpu=0"}},
      {" 0)               |  /* } { and /* stars */ */", {"comment } { and /* stars */ cpu=0"}},
      {" 0)   ==========> |", {"irq-in cpu=0"}},
      {" 0)   <========== |", {"irq-out cpu=0"}},
      {"CPU:3 [LOST 2907 EVENTS]", {"loss 2907 cpu=3"}},
      {"CPU:3 [LOST EVENTS]", {"loss cpu=3"}},
      {"             tw-168     [001] d..2.    24.008501: <stack trace>",
       {"record <stack trace> cpu=1 t=24008501000 task=tw-168 flags=d._.2_."}},
      {"      tw-181       0dn..5.. 3095us : <stack trace>",
       {"record <stack trace> cpu=0 t=3095000 task=tw-181 flags=dn..5.."}},
      {" a [000] b-12      (-------) [001]     1.000002: x: y=1",
       {"record x: y=1 cpu=1 t=1000002000 task=a [000] b-12"}},
      {" => do_syscall_64", {"frame do_syscall_64"}},
  };
  for (const Case& c : cases) {
    if (c.events.empty()) {
      ParseStats stats;
      EXPECT_THAT(parse(std::string(c.line) + '\n', &stats), IsEmpty()) << c.line;
      EXPECT_EQ(stats.skipped(SkipReason::unknown_line), 1U) << c.line;
    } else {
      EXPECT_EQ(parse_line(c.line), c.events) << c.line;
    }
  }
}

TEST(FunctionGraphParser, TheHeaderTellsTheColumns) {
  EXPECT_THAT(parse("# tracer: function_graph\n"
                    "#\n"
                    "#     TIME        CPU  TASK/PID         DURATION                  FUNCTION CALLS\n"
                    "#      |          |     |    |           |   |                     |   |   |   |\n"
                    "   28.509024 |   0)    init2-1     | + 17.760 us   |  mutex_unlock();\n"),
              ElementsAre("start", "leaf mutex_unlock depth=0 cpu=0 t=28509024000 task=init2-1",
                          "return mutex_unlock depth=0 ns=17760~1 cpu=0 task=init2-1"));
}

TEST(FunctionGraphParser, FollowsOptionsThatChangeInTheMidst) {
  EXPECT_THAT(parse(" 0)               |  a() {\n"
                    "   24.008501 |   0)     tw-168     |               |    b() {\n"
                    " 0)   1.000 us    |    }\n"),
              ElementsAre("entry a depth=0 cpu=0", "entry b depth=1 cpu=0 t=24008501000 task=tw-168",
                          "exit ? depth=1 ns=1000~1 cpu=0"));
}

constexpr std::string_view kBanner =
    " 0)               |  a() {\n"
    " ------------------------------------------\n"
    " 0)    <idle>-0    =>   rcu_pre-15  \n"
    " ------------------------------------------\n"
    "\n"
    " 0)               |  b() {\n"
    " 1)               |  c() {\n";

TEST(FunctionGraphParser, ABannerNamesTheTaskOfTheLinesThatFollow) {
  EXPECT_THAT(parse(kBanner), ElementsAre("entry a depth=0 cpu=0", "change <idle>-0 => rcu_pre-15 cpu=0",
                                          "entry b depth=0 cpu=0 task=rcu_pre-15", "entry c depth=0 cpu=1"));
}

TEST(FunctionGraphParser, WithoutTheCpuColumnASecondCpuMakesTheTaskUnknown) {
  const std::string banner =
      " ------------------------------------------\n 0)    <idle>-0    =>   rcu_pre-15  \n"
      " ------------------------------------------\n\n";
  std::string other = banner;
  other[other.find("0)")] = '1';
  EXPECT_THAT(
      parse("              |  a() {\n" + banner + "              |  b() {\n" + other + "              |  c() {\n"),
      ElementsAre("entry a depth=0", "change <idle>-0 => rcu_pre-15 cpu=0", "entry b depth=0 task=rcu_pre-15",
                  "change <idle>-0 => rcu_pre-15 cpu=1", "entry c depth=0"));
}

TEST(FunctionGraphParser, ATracerLineStartsAnew) {
  EXPECT_THAT(parse(std::string(kBanner) + "# tracer: function_graph\n#\n 0)               |  d() {\n"),
              testing::Contains("entry d depth=0 cpu=0"));
}

TEST(FunctionGraphParser, OverrunsBelongToTheExitBefore) {
  EXPECT_THAT(parse(" 0)   1.000 us    |  }\n (Overruns: 3)\n 0)   1.000 us    |  f();\n"),
              ElementsAre("exit ? depth=0 ns=1000~1 overruns=3 cpu=0", "leaf f depth=0 cpu=0",
                          "return f depth=0 ns=1000~1 cpu=0"));
}

TEST(FunctionGraphParser, AMarkerMayHoldNewlines) {
  EXPECT_THAT(
      parse(" 0)               |        /* two\nlines */ end */\n 0)   1.129 us    |        f();\n"),
      ElementsAre("comment two\nlines */ end cpu=0", "leaf f depth=3 cpu=0", "return f depth=3 ns=1129~1 cpu=0"));
}

TEST(FunctionGraphParser, ACommentThatNeverEndsCostsItsLineOnly) {
  ParseStats stats;
  EXPECT_THAT(parse(" 0)               |        /* never\n 0)               |        f() {\n", &stats),
              ElementsAre("entry f depth=3 cpu=0"));
  EXPECT_EQ(stats.skipped(SkipReason::unknown_line), 1U);
}

TEST(FunctionGraphParser, CommentsThatNeverEndCostNoMoreThanTheirLines) {
  // A look-ahead for each of them would take minutes: 8 KiB times 300,000.
  std::string text;
  for (int i = 0; i < 300'000; ++i)
    text += "/* a\n";
  ParseStats stats;
  EXPECT_THAT(parse(text, &stats), IsEmpty());
  EXPECT_EQ(stats.skipped(SkipReason::unknown_line), 300'000U);
  text += "/* b */\n";
  EXPECT_THAT(parse(text, &stats), testing::SizeIs(1));
}

TEST(FunctionGraphParser, CountsTheKernelsLosses) {
  ParseStats stats;
  parse("CPU:0 [LOST 5 EVENTS]\nCPU:1 [LOST EVENTS]\nCPU:0 [LOST 7 EVENTS]\n", &stats);
  EXPECT_EQ(stats.losses, 3U);
  EXPECT_EQ(stats.lost_events, 12U);
}

TEST(FunctionGraphParser, CountsWhatItDoesNotKnowByReason) {
  const std::string endless(FunctionGraphParser::kMaxLine + 1, 'x');
  ParseStats stats;
  const auto events = parse(
      " 0)               |  a() {\nwhat is this?\n" + endless + "\n\x01\x02\n 0)               |  b() {\n 0)  cut",
      &stats);
  EXPECT_THAT(events, ElementsAre("entry a depth=0 cpu=0", "entry b depth=0 cpu=0"));
  EXPECT_EQ(stats.skipped(SkipReason::unknown_line), 1U);
  EXPECT_EQ(stats.skipped(SkipReason::line_too_long), 1U);
  EXPECT_EQ(stats.skipped(SkipReason::not_text), 1U);
  EXPECT_EQ(stats.skipped(SkipReason::cut_line), 1U);
  EXPECT_EQ(stats.records, 6U);
  ASSERT_TRUE(stats.first_bad);
  EXPECT_EQ(stats.first_bad->number, 2U);
  EXPECT_EQ(stats.first_bad->offset, 27U);
  EXPECT_EQ(stats.first_bad->text, "what is this?");
  EXPECT_EQ(stats.first_bad->reason, SkipReason::unknown_line);
}

TEST(FunctionGraphParser, LinesThatOnlyLookLikeGraphLinesAreSkipped) {
  for (const char* line :
       {" 0)               |   odd_indent() {", " 0)               |  two words() {", " 0)   1.000 ms    |  f();",
        " 0)   1.0000 us   |  f();", " 0) ? 1.000 us    |  f();", " 0)   1.000 us xx |  f();",
        " 99999) 1.000 us  |  f();", " 0)               |  f() }", " 0)               |  ();",
        " 0)   1.000 us    |  } /* f ret=zz */", " 0)   1.000 us    |  } */", " 0)   1.000 us    |  f(); /* x */",
        "CPU:x [LOST 1 EVENTS]", "CPU:0 [LOST  EVENTS]", " 0)   9999999999999999 us |  f();",
        " 0)   9223372036854775807 us |  f();", "99999999999.000001 |   0)               |  f() {",
        "      tw-181       0dn..5.. 99999999999999999999us : x",
        "             tw-168     [001] d..2. 99999999999.008501: x"}) {
    ParseStats stats;
    EXPECT_THAT(parse(" 0)               |  a() {\n" + std::string(line) + "\n", &stats), testing::SizeIs(1)) << line;
    EXPECT_EQ(stats.skipped(SkipReason::unknown_line), 1U) << line;
  }
}

TEST(FunctionGraphParser, EmptyInputIsNothing) {
  EXPECT_THAT(parse(""), IsEmpty());
}

TEST(FunctionGraphParser, MayBeMovedBetweenPieces) {
  FunctionGraphParser parser;
  RecordingSink sink;
  parser.feed(" 0)               |  vfs_r", sink);
  FunctionGraphParser moved = std::move(parser);
  moved.feed("ead() {\n", sink);
  EXPECT_THAT(sink.lines(), ElementsAre("entry vfs_read depth=0 cpu=0"));
}

TEST(FunctionGraphParser, AnExitIsHeldUntilTheNextLineIsKnown) {
  FunctionGraphParser parser;
  RecordingSink sink;
  parser.feed(" 0)   1.000 us    |  }\n", sink);
  EXPECT_THAT(sink.lines(), IsEmpty());
  EXPECT_EQ(parser.stats().bytes, 0U);
  parser.feed(" ", sink);
  EXPECT_THAT(sink.lines(), IsEmpty());
  parser.feed("0", sink);
  EXPECT_THAT(sink.lines(), ElementsAre("exit ? depth=0 ns=1000~1 cpu=0"));
}

}  // namespace
}  // namespace fathom
