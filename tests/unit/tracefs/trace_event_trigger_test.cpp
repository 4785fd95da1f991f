#include <fathom/tracefs/trace_event_trigger.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace fathom {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(EventTrigger, ReadsWhatTheKernelPrints) {
  const struct {
    const char* line;
    EventTrigger expected;
    const char* definition;
  } cases[] = {
      {"traceoff:unlimited", {.command = "traceoff", .argument = {}, .count = {}, .filter = {}}, "traceoff"},
      {"stacktrace:count=0", {.command = "stacktrace", .argument = {}, .count = 0, .filter = {}}, "stacktrace:0"},
      {"snapshot:count=1 if prev_pid == 1 && prev_prio < 5",
       {.command = "snapshot", .argument = {}, .count = 1, .filter = "prev_pid == 1 && prev_prio < 5"},
       "snapshot:1 if prev_pid == 1 && prev_prio < 5"},
      {"enable_event:kmem:kmalloc:count=3 if nr_rq > 1",
       {.command = "enable_event", .argument = "kmem:kmalloc", .count = 3, .filter = "nr_rq > 1"},
       "enable_event:kmem:kmalloc:3 if nr_rq > 1"},
      {"disable_event:kmem:kmalloc:unlimited",
       {.command = "disable_event", .argument = "kmem:kmalloc", .count = {}, .filter = {}},
       "disable_event:kmem:kmalloc"},
      {"hist:keys=pid:vals=hitcount,prio:sort=hitcount:size=2048 [active]",
       {.command = "hist",
        .argument = "keys=pid:vals=hitcount,prio:sort=hitcount:size=2048",
        .count = {},
        .filter = {}},
       "hist:keys=pid:vals=hitcount,prio:sort=hitcount:size=2048"},
      {"hist:name=foo:keys=comm:vals=hitcount:sort=hitcount:size=2048 if pid > 1 [paused]",
       {.command = "hist",
        .argument = "name=foo:keys=comm:vals=hitcount:sort=hitcount:size=2048",
        .count = {},
        .filter = "pid > 1",
        .paused = true},
       "hist:name=foo:keys=comm:vals=hitcount:sort=hitcount:size=2048:pause if pid > 1"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.line);
    ASSERT_THAT(parse_event_triggers(std::string(c.line) + '\n'), ElementsAre(c.expected));
    EXPECT_EQ(c.expected.definition(), c.definition);
  }
}

TEST(EventTrigger, LeavesOtherLinesOut) {
  EXPECT_THAT(parse_event_triggers("# Available triggers:\n# traceon traceoff hist\n"), IsEmpty());
  EXPECT_THAT(parse_event_triggers("\n:x\nstacktrace:count=many\n"), IsEmpty());
}

}  // namespace
}  // namespace fathom
