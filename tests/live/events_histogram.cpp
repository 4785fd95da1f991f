#include "events_support.hpp"

#include <fathom/tracefs/histogram.hpp>

#include <gmock/gmock.h>

namespace fathom::live {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class LiveHistogram : public EventsTest {
 protected:
  void SetUp() override {
    EventsTest::SetUp();
    if (!in_vm() && !events->event("sched:sched_process_exec").has_hist())
      GTEST_SKIP() << "the kernel has no hist triggers";
  }
};

TEST_F(LiveHistogram, CountsWhatACommandDoes) {
  std::optional<Histogram> histogram;
  run({"true"}, [&](int pid) {
    histogram.emplace(
        events->event("sched:sched_process_exec"),
        HistTrigger{
            .keys = {{"filename"}, {"pid"}}, .values = {{"old_pid"}}, .filter = "pid == " + std::to_string(pid)});
  });
  HistTable table = histogram->read();
  ASSERT_EQ(table.entries.size(), 1U);
  EXPECT_THAT(table.entries[0].keys[0].text, HasSubstr("/true"));
  EXPECT_EQ(table.entries[0].keys[1].number, table.entries[0].value("old_pid"));
  EXPECT_EQ(table.entries[0].hitcount(), 1U);
  EXPECT_EQ(table.totals, (HistTable::Totals{1, 1, 0}));
  EXPECT_FALSE(table.paused);

  histogram->pause();
  EXPECT_TRUE(histogram->read().paused);
  histogram->resume();
  EXPECT_FALSE(histogram->read().paused);
  histogram->clear();
  table = histogram->read();
  EXPECT_THAT(table.entries, IsEmpty());
  EXPECT_EQ(table.totals, (HistTable::Totals{0, 0, 0}));
  histogram->remove();
  EXPECT_THAT(events->event("sched:sched_process_exec").triggers(), IsEmpty());
  EXPECT_THROW((void)histogram->read(), Error);
}

TEST_F(LiveHistogram, IsReadBackWithEachModifier) {
  using enum HistModifier;
  const char* const stack = readme_has("common_stacktrace") ? "common_stacktrace" : "stacktrace";
  struct Case {
    const char* event;
    HistTrigger trigger;
    const char* needs;  // what the README says if the kernel has it
  };
  const Case cases[] = {
      {"raw_syscalls:sys_enter", {.keys = {{"id"}}}, "hist:"},
      {"raw_syscalls:sys_enter", {.keys = {{"id", hex}}, .sort = {{"id", true}}}, "hist:"},
      {"raw_syscalls:sys_enter",
       {.keys = {{"id", syscall}, {"common_pid", execname}}, .sort = {{"hitcount", true}}, .size = 512},
       ".syscall"},
      {"raw_syscalls:sys_exit", {.keys = {{"id"}, {"ret"}}, .values = {{"ret"}}}, "hist:"},
      {"kmem:kmalloc", {.keys = {{"bytes_req", log2}}, .values = {{"bytes_alloc"}, {"bytes_req"}}}, ".log2"},
      {"kmem:kmalloc", {.keys = {{"bytes_req", buckets, 32}}, .values = {{"bytes_alloc", hex}}}, ".buckets"},
      {"kmem:kmalloc", {.keys = {{"call_site", sym}}}, ".sym "},
      {"kmem:kmalloc", {.keys = {{"call_site", sym_offset}}, .values = {{"bytes_req"}}}, ".sym-offset"},
      {"kmem:kmalloc",
       {.keys = {{"call_site", sym}}, .values = {{"bytes_req", percent}, {"bytes_alloc", graph}}},
       ".graph"},
      // Of hitcount since Linux 6.3, which brought common_stacktrace, too.
      {"kmem:kmalloc",
       {.keys = {{"call_site", sym}}, .values = {{"hitcount", percent}, {"hitcount", graph}}},
       "common_stacktrace"},
      {"kmem:kmalloc", {.keys = {{stack}}, .values = {{"bytes_alloc"}}}, "hist:"},
      {"kmem:kmalloc", {.keys = {{"bytes_req"}, {stack}}, .size = 4096}, "hist:"},
      {"raw_syscalls:sys_enter", {.keys = {{"common_timestamp", usecs}, {"id"}}, .clock = "mono"}, ".usecs"},
      {"sched:sched_process_exec", {.keys = {{"filename"}, {"common_cpu"}}}, "common_cpu"},
      {"raw_syscalls:sys_enter",
       {.keys = {{"common_pid"}}, .variables = {{"ts0", "common_timestamp.usecs"}, {"n", "id"}}},
       "hist:"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(std::string(c.event) + ' ' + c.trigger.definition());
    if (!readme_has(c.needs))
      continue;
    std::optional<Histogram> histogram;
    run({"true"}, [&](int pid) {
      HistTrigger trigger = c.trigger;
      trigger.filter = of_pid(pid);
      histogram.emplace(events->event(c.event), trigger);
    });
    const HistFile file = events->event(c.event).read_hist();
    EXPECT_EQ(file.stats.skipped_records(), 0U) << (file.stats.first_bad ? file.stats.first_bad->text : "");
    EXPECT_EQ(file.stats.parsed_bytes, file.stats.bytes);
    const HistTable table = histogram->read();
    EXPECT_EQ(table.keys, c.trigger.keys);
    ASSERT_FALSE(table.entries.empty());
    ASSERT_TRUE(table.totals);
    EXPECT_EQ(table.totals->entries, table.entries.size());
    std::uint64_t hits = 0;
    for (const HistEntry& entry : table.entries) {
      hits += entry.hitcount();
      EXPECT_EQ(entry.keys.size(), c.trigger.keys.size());
      EXPECT_EQ(entry.values.size(), 1 + c.trigger.values.size());
    }
    EXPECT_EQ(hits, table.totals->hits);
    EXPECT_EQ(table.totals->dropped, 0U);
  }
}

TEST_F(LiveHistogram, SaysWhatIsWrong) {
  const TraceEvent exec = events->event("sched:sched_process_exec");
  try {
    const Histogram histogram(exec, {.keys = {{"nope"}}});
    FAIL() << "no Error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), std::errc::invalid_argument);
    EXPECT_THAT(error.hint(), HasSubstr("Couldn't find field\n  hist:keys=nope\n"));
  }
  const Histogram first(exec, {.keys = {{"pid"}}});
  try {
    const Histogram second(exec, {.keys = {{"pid"}}});
    FAIL() << "no Error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), std::errc::file_exists) << error.what();
  }
  const Histogram other(exec, {.keys = {{"pid"}}, .filter = "pid > 1"});
  EXPECT_EQ(exec.read_hist().tables.size(), 2U);
  EXPECT_EQ(other.read().filter, "pid > 1");
  EXPECT_EQ(first.read().filter, "");
}

TEST_F(LiveHistogram, CountsWhatFoundTheTableFull) {
  std::optional<Histogram> histogram;
  run({"sh", "-c", "i=0; while [ $i -lt 400 ]; do echo; i=$((i+1)); done >/dev/null"}, [&](int pid) {
    histogram.emplace(events->event("raw_syscalls:sys_enter"),
                      HistTrigger{.keys = {{"common_timestamp"}}, .size = 128, .filter = of_pid(pid)});
  });
  const HistTable table = histogram->read();
  ASSERT_TRUE(table.totals);
  EXPECT_GT(table.totals->dropped, 0U);
  EXPECT_EQ(table.totals->entries, table.entries.size());
}

TEST_F(LiveHistogram, MakesSyntheticEvents) {
  // A synthetic event made by a histogram in an instance is recorded at the top level, so this is done there; with
  // filters, so that it sees the command only.
  if (!in_vm())
    GTEST_SKIP() << "works at the top level, which here belongs to others";
  const DynamicEvents dynamic(tracefs.files());
  DynamicEvent latency = dynamic.define(SyntheticEvent{"latency", {{"u64", "us"}, {"pid_t", "pid"}}});
  const TraceEvents top(tracefs);
  std::optional<Histogram> forks;
  std::optional<Histogram> execs;
  std::optional<Histogram> latencies;
  run({"true"}, [&](int pid) {
    forks.emplace(
        top.event("raw_syscalls:sys_enter"),
        HistTrigger{.keys = {{"common_pid"}}, .variables = {{"ts0", "common_timestamp.usecs"}}, .filter = of_pid(pid)});
    execs.emplace(top.event("sched:sched_process_exec"),
                  HistTrigger{.keys = {{"common_pid"}},
                              .variables = {{"lat", "common_timestamp.usecs-$ts0"}},
                              .actions = {"onmatch(raw_syscalls.sys_enter)." + latency.name().event + "($lat,pid)"},
                              .filter = of_pid(pid)});
    latencies.emplace(latency.event(), HistTrigger{.keys = {{"pid"}}, .values = {{"us"}}});
  });
  const HistTable table = latencies->read();
  ASSERT_EQ(table.entries.size(), 1U);
  EXPECT_EQ(table.entries[0].hitcount(), 1U);
  EXPECT_GT(table.entries[0].value("us"), 0U);
  // While a histogram makes them, the event cannot go.
  EXPECT_THROW(latency.remove(), Error);
  execs->remove();
  latencies->remove();
  forks->remove();
  latency.remove();
}

}  // namespace
}  // namespace fathom::live
