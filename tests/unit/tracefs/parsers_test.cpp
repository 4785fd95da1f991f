#include <fathom/base/error.hpp>
#include <fathom/tracefs/error_log.hpp>
#include <fathom/tracefs/find_tracefs.hpp>
#include <fathom/tracefs/function_filter.hpp>
#include <fathom/tracefs/owner.hpp>
#include <fathom/tracefs/pid_filter.hpp>
#include <fathom/tracefs/ring_buffer_stats.hpp>
#include <fathom/tracefs/saved_cmdlines.hpp>
#include <fathom/tracefs/trace_option.hpp>
#include <fathom/tracefs/tracer.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

namespace fathom {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ParseMountinfo, FindsTracefsThenDebugfs) {
  const struct {
    const char* text;
    std::optional<std::string> root;
  } cases[] = {
      {"", std::nullopt},
      {"nonsense\n\n1 2 3\n", std::nullopt},
      {"24 1 0:12 / /proc rw - proc proc rw\n", std::nullopt},
      {"24 1 0:12 / /sys/kernel/tracing rw,nosuid shared:9 - tracefs tracefs rw\n", "/sys/kernel/tracing"},
      {"24 1 0:12 / /t rw - tracefs tracefs rw\n", "/t"},
      {"24 1 0:12 / /t rw shared:1 master:2 propagate_from:3 - tracefs none rw\n", "/t"},
      {"24 1 0:7 / /sys/kernel/debug rw - debugfs debugfs rw\n", "/sys/kernel/debug/tracing"},
      {"25 1 0:12 / /t rw - tracefs tracefs rw\n24 1 0:7 / /sys/kernel/debug rw - debugfs debugfs rw\n", "/t"},
      {"24 1 0:12 / /a rw - tracefs tracefs rw\n25 1 0:12 / /b rw - tracefs tracefs rw\n", "/b"},
      {"24 1 0:12 /instances /a rw - tracefs tracefs rw\n", std::nullopt},
      {R"(24 1 0:12 / /with\040blank\011tab\012line\134slash rw - tracefs tracefs rw)",
       "/with blank\ttab\nline\\slash"},
      {R"(24 1 0:12 / /not\0octal\9 rw - tracefs tracefs rw)", R"(/not\0octal\9)"},
      {R"(24 1 0:12 / /end\04 rw - tracefs tracefs rw)", R"(/end\04)"},
      {"24 1 0:12 / /cut rw -", std::nullopt},
  };
  for (const auto& test : cases)
    EXPECT_EQ(parse_mountinfo(test.text), test.root) << test.text;
}

TEST(FindTracefs, SaysWhichFileCannotBeRead) {
  try {
    static_cast<void>(find_tracefs("/nowhere/mountinfo"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.path(), "/nowhere/mountinfo");
    EXPECT_EQ(error.code(), std::errc::no_such_file_or_directory);
  }
}

TEST(MountTracefs, SaysWhy) {
  try {
    mount_tracefs("/nowhere/at/all");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.path(), "/nowhere/at/all");
    EXPECT_FALSE(error.hint().empty());
  }
}

TEST(ParseTraceOptions, ReadsNamesAndStates) {
  EXPECT_THAT(parse_trace_options("print-parent\nnosym-offset\nnofuncgraph-abstime\n"),
              ElementsAre(TraceOption{"print-parent", true}, TraceOption{"sym-offset", false},
                          TraceOption{"funcgraph-abstime", false}));
  EXPECT_THAT(parse_trace_options(""), IsEmpty());
}

TEST(FuncgraphOptions, HaveTheKernelsNames) {
  const auto all = all_funcgraph_options();
  EXPECT_EQ(all.size(), 14U);
  for (const FuncgraphOption option : all)
    EXPECT_EQ(parse_funcgraph_option(to_string(option)), option);
  EXPECT_EQ(to_string(FuncgraphOption::retval_hex), "funcgraph-retval-hex");
  EXPECT_EQ(to_string(FuncgraphOption::graph_time), "graph-time");
  EXPECT_EQ(parse_funcgraph_option("funcgraph-colour"), std::nullopt);
}

TEST(TracerName, IsCheckedAndCompared) {
  EXPECT_EQ(Tracer("function_graph"), Tracer::function_graph);
  EXPECT_NE(Tracer("function"), Tracer::function_graph);
  EXPECT_EQ(Tracer("osnoise").name(), "osnoise");
  EXPECT_EQ(Tracer(std::string(99, 'x')).name().size(), 99U);
  for (const std::string& bad : {std::string(), std::string("a b"), std::string("nop\n"), std::string(100, 'x')})
    EXPECT_THROW(Tracer{bad}, Error) << bad;
}

constexpr const char* kErrorLog =
    "[   16.710305] event filter parse error: error: Field not found\n"
    "  Command: keys=foo\n"
    "                ^\n"
    "[  348.887361] hist:sched:sched_wakeup: error: Couldn't find field\n"
    "  Command: hist:keys=pid,prio\n"
    "                         ^\n"
    "[  349.000001] trace_kprobe: error: Failed to register probe event\n"
    "  Command: p:x/y nowhere\n"
    "                 ^\n";

TEST(ParseErrorLog, ReadsEntriesAndCarets) {
  const auto log = parse_error_log(kErrorLog);
  ASSERT_EQ(log.size(), 3U);
  EXPECT_EQ(log[0].time.nanoseconds, 16'710'305'000U);
  EXPECT_EQ(log[0].location, "event filter parse error");
  EXPECT_EQ(log[0].message, "Field not found");
  EXPECT_EQ(log[0].command, "keys=foo");
  EXPECT_EQ(log[0].caret, 5U);
  EXPECT_EQ(log[1].location, "hist:sched:sched_wakeup");
  EXPECT_EQ(log[1].caret, 14U);
  EXPECT_EQ(log[0].describe(), "event filter parse error: Field not found\n  keys=foo\n       ^");
}

TEST(ParseErrorLog, BearsAnything) {
  EXPECT_THAT(parse_error_log(""), IsEmpty());
  EXPECT_THAT(parse_error_log("^\n  Command: x\n[x] y: error: z\n[1.2\n"), IsEmpty());
  const auto log = parse_error_log("[ 1.000002] a: error: b\n  Command: one\ntwo\n  ^\n[  2.000000] c: error: d");
  ASSERT_EQ(log.size(), 2U);
  EXPECT_EQ(log[0].command, "one\ntwo");
  EXPECT_EQ(log[0].caret, std::nullopt);
  EXPECT_EQ(log[1].message, "d");
}

TEST(FindError, TakesTheNewestOfTheCommand) {
  auto log = parse_error_log(kErrorLog);
  log.push_back(log[0]);
  log.back().message = "newer";
  EXPECT_EQ(find_error(log, " keys=foo\n")->message, "newer");
  EXPECT_EQ(find_error(log, "keys=bar"), std::nullopt);
}

TEST(ParseRingBufferStats, ReadsEveryLine) {
  const auto stats = parse_ring_buffer_stats(
      "entries: 129\noverrun: 7\ncommit overrun: 2\nbytes: 4096\noldest event ts:  1269.053241\n"
      "now ts:  1270.000001\ndropped events: 3\nread events: 42\nnew line: 5\nrubbish\n");
  EXPECT_EQ(stats, (RingBufferStats{129, 7, 2, 4096, Timestamp{1269053241000U}, Timestamp{1270000001000U}, 3, 42}));
  EXPECT_EQ(stats.lost(), 12U);
  EXPECT_EQ(parse_ring_buffer_stats("oldest event ts: 123456\n").oldest_event, std::nullopt);
}

TEST(ParseSavedCmdlines, KeepsBlanksInNames) {
  EXPECT_THAT(parse_saved_cmdlines("1 systemd\n77 Web Content\nx y\n5\n"),
              ElementsAre(SavedCmdline{1, "systemd"}, SavedCmdline{77, "Web Content"}));
  EXPECT_THAT(parse_saved_tgids("77 70\n78 x\n79\n"), ElementsAre(SavedTgid{77, 70}));
}

TEST(ParsePids, ReadsNumbers) {
  EXPECT_THAT(parse_pids("no pid\n"), IsEmpty());
  EXPECT_THAT(parse_pids(""), IsEmpty());
  EXPECT_THAT(parse_pids("99\n1\nx\n"), ElementsAre(1, 99));
}

TEST(ParseFunctionFilter, LeavesOutTheRemark) {
  EXPECT_THAT(parse_function_filter("#### all functions enabled ####\n"), IsEmpty());
  EXPECT_THAT(parse_function_filter("#### all functions enabled ####\nschedule:traceoff:unlimited\n"),
              ElementsAre("schedule:traceoff:unlimited"));
  EXPECT_THAT(parse_function_filter("vfs_read\next4_sync [ext4]\n"), ElementsAre("vfs_read", "ext4_sync [ext4]"));
}

TEST(NearestFunctions, AreNear) {
  const std::string available =
      "vfs_read\nvfs_readv\nvfs_write\ndo_sys_openat2\n__x64_sys_openat\nschedule\nschedule_timeout [core]\nvfs_read\n";
  EXPECT_THAT(nearest_functions("vfs_raed", available), testing::Contains("vfs_read"));
  EXPECT_EQ(nearest_functions("vfs_red*", available).front(), "vfs_read");
  EXPECT_THAT(nearest_functions("do_sys_open", available), testing::Contains("do_sys_openat2"));
  EXPECT_THAT(nearest_functions("sys_openat", available), testing::Contains("__x64_sys_openat"));
  EXPECT_EQ(nearest_functions("vfs_read", available, 1), std::vector<std::string>{"vfs_read"});
  EXPECT_THAT(nearest_functions("vfs_read", available, 3),
              testing::Not(ElementsAre("vfs_read", "vfs_read", "vfs_read")));
  EXPECT_THAT(nearest_functions("quite_something_else", available), IsEmpty());
  EXPECT_THAT(nearest_functions("*", available), IsEmpty());
  EXPECT_THAT(nearest_functions("vfs_read", ""), IsEmpty());
}

TEST(OwnerOfAName, IsReadBack) {
  const Owner me = Owner::current();
  EXPECT_EQ(me.pid, ::getpid());
  EXPECT_TRUE(me.alive());
  const std::string name = me.unique_name();
  EXPECT_EQ(Owner::parse(name), me);
  EXPECT_NE(me.unique_name(), name);
  EXPECT_LT(name.size(), 64U) << "an event group's name is no longer";
  EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"), std::string::npos);
}

TEST(OwnerOfAName, IsNobodyForOtherNames) {
  for (const char* name :
       {"", "fathom_", "fathom_1", "fathom_1_2_3", "fathom_x_2_3_4", "fathom_0_2_3_4", "fathom_1_2_3_4_5",
        "other_1_2_3_4", "fathom_-1_2_3_4", "fathom_1_2_3_", "fathom_1__3_4", "fathom_1_2_3_fffffffff"})
    EXPECT_EQ(Owner::parse(name), std::nullopt) << name;
}

TEST(OwnerOfAName, IsDeadWithAnotherStartTimeAndUnknownInAnotherNamespace) {
  Owner owner = Owner::current();
  owner.start_time += 1;
  EXPECT_FALSE(owner.alive());
  owner.pid_namespace += 1;
  EXPECT_TRUE(owner.alive());
  EXPECT_THROW(static_cast<void>(Owner::current("/nowhere")), Error);
}

}  // namespace
}  // namespace fathom
