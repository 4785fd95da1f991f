#include "call_test_support.hpp"

#include <fathom/graph/context_switches.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

namespace fathom {
namespace {

using test::Events;
using test::grow;

// The analysis in the notes that this library was begun for: the durations of the last example, shortened.
constexpr const char* kLongSwitch =
    " 1)               |  do_futex() {\n"
    " 1)               |    schedule() {\n"
    " 1)               |      rcu_note_context_switch() {\n"
    " 1)   0.079 us    |        rcu_qs();\n"
    " 1)   0.267 us    |      }\n"
    " 1)   3.978 us    |      dequeue_task_fair();\n"
    " 1)   2.193 us    |      pick_next_task_fair();\n"
    " ------------------------------------------\n"
    " 1)   node-21447   =>   node-21456  \n"
    " ------------------------------------------\n"
    "\n"
    " 1)   9.000 us    |  getpid();\n"
    " ------------------------------------------\n"
    " 1)   node-21456   =>   node-21447  \n"
    " ------------------------------------------\n"
    "\n"
    " 1)   0.186 us    |      finish_task_switch();\n"
    " 1) @ 808673.2 us |    } /* schedule */\n"
    " 1) @ 808675.1 us |  } /* do_futex */\n";

TEST(ContextSwitches, SplitsASwitchByDurations) {
  const CallForest forest = grow(kLongSwitch);
  const ContextSwitches switches = context_switches(forest);
  ASSERT_EQ(switches.all().size(), 1U);
  const ContextSwitch& s = switches.all()[0];
  EXPECT_EQ(s.call.name(), "schedule");
  EXPECT_EQ(s.tree.task()->pid, 21447);
  ASSERT_TRUE(s.next);
  EXPECT_EQ(s.next->task()->pid, 21456);
  EXPECT_EQ(s.switches, 1U);
  EXPECT_EQ(s.basis, SwitchBasis::bounds);
  EXPECT_EQ(s.total, Duration{808673200});
  EXPECT_EQ(s.before, Duration{267 + 3978 + 2193});
  EXPECT_EQ(s.after, Duration{186});
  EXPECT_EQ(s.off_cpu, Duration{808673200 - 6438 - 186});
  EXPECT_EQ(s.cost(), Duration{6438 + 186});
  EXPECT_EQ(switches.unattributed(), 0U);
}

// Linux 6.1, funcgraph-proc and funcgraph-abstime: the scheduler's own time before and after the switch is known.
TEST(ContextSwitches, SplitsASwitchByEntryTimes) {
  const CallForest forest = grow(
      "    9.666549 |   0)     tw-135     |               |  schedule() {\n"
      "    9.666559 |   0)     tw-135     | + 14.309 us   |    dequeue_task_fair();\n"
      "    9.666577 |   0)     tw-135     | + 12.406 us   |    pick_next_task_fair();\n"
      "    9.672902 |   0)     tw-135     | + 17.322 us   |    finish_task_switch.isra.0();\n"
      "    9.672918 |   0)     tw-135     | # 6369.592 us |  } /* schedule */\n");
  const ContextSwitches switches = context_switches(forest);
  ASSERT_EQ(switches.all().size(), 1U);
  const ContextSwitch& s = switches.all()[0];
  EXPECT_EQ(s.basis, SwitchBasis::entry_times);
  EXPECT_EQ(s.before, Duration{28000 + 12406});
  EXPECT_EQ(s.off_cpu, Duration{6325000 - 12406});
  EXPECT_EQ(s.before + s.off_cpu + s.after, s.total);
  EXPECT_EQ(s.after, Duration{16592});
  EXPECT_FALSE(s.next);
}

TEST(ContextSwitches, AFilterMayLeaveOnlyTheTwo) {
  const CallForest forest = grow(
      "    1.000000 |   0)               |  schedule() {\n"
      "    1.000500 |   0)   1.000 us    |    finish_task_switch();\n"
      "    1.000502 |   0) ! 503.000 us  |  }\n");
  const ContextSwitches switches = context_switches(forest);
  ASSERT_EQ(switches.all().size(), 1U);
  EXPECT_EQ(switches.all()[0].before, Duration{0});
  EXPECT_EQ(switches.all()[0].off_cpu, Duration{500000});
  EXPECT_EQ(switches.all()[0].after, Duration{3000});
  EXPECT_FALSE(switches.all()[0].tree.task());
}

TEST(ContextSwitches, OneCallCanSwitchTwice) {
  Events events;
  events.on_cpu(0).as(1).at(0).enter("schedule", 0).at(1000).leaf("pick", 1, 500);
  events.at(10000).leaf("finish_task_switch", 1, 100).at(11000).leaf("pick", 1, 500);
  events.at(20000).leaf("finish_task_switch", 1, 100).at(20500).leave(0, 20500);
  const ContextSwitches switches = context_switches(events.forest);
  ASSERT_EQ(switches.all().size(), 1U);
  const ContextSwitch& s = switches.all()[0];
  EXPECT_EQ(s.switches, 2U);
  EXPECT_EQ(s.before, Duration{1500});
  EXPECT_EQ(s.off_cpu, Duration{8500 + 8500});
  EXPECT_EQ(s.after, Duration{20500 - 1500 - 17000});
}

struct NameCase {
  const char* caller;
  std::size_t switches;
  std::uint64_t unattributed, first_runs;
};

void PrintTo(const NameCase& test, std::ostream* out) {
  *out << test.caller;
}

class SwitchCaller : public testing::TestWithParam<NameCase> {};

TEST_P(SwitchCaller, IsTheSchedulerOrNot) {
  Events events;
  events.as(1).enter(GetParam().caller, 0).leaf("finish_task_switch.isra.0", 1, 1).leave(0, 10);
  const ContextSwitches switches = context_switches(events.forest);
  EXPECT_EQ(switches.all().size(), GetParam().switches);
  EXPECT_EQ(switches.unattributed(), GetParam().unattributed);
  EXPECT_EQ(switches.first_runs(), GetParam().first_runs);
}

INSTANTIATE_TEST_SUITE_P(Names, SwitchCaller,
                         testing::Values(NameCase{"schedule", 1, 0, 0}, NameCase{"schedule_idle", 1, 0, 0},
                                         NameCase{"preempt_schedule_irq", 1, 0, 0}, NameCase{"__schedule", 1, 0, 0},
                                         NameCase{"__cond_resched", 1, 0, 0}, NameCase{"schedule.part.0", 1, 0, 0},
                                         NameCase{"schedule_tail", 0, 0, 1}, NameCase{"schedule_timeout", 0, 1, 0},
                                         NameCase{"migrate_enable", 0, 1, 0}),
                         [](const auto& test) {
                           std::string name = test.param.caller;
                           for (char& c : name)
                             c = c == '.' ? '_' : c;
                           return name;
                         });

TEST(ContextSwitches, WhatIsNotWholeIsCountedApart) {
  Events events;
  events.on_cpu(0).as(1);
  events.leaf("schedule", 0, 5);                                             // back at once, without a switch
  events.leaf("finish_task_switch", 1, 2).leave(0, 900, "schedule");         // began before the trace
  events.leaf("finish_task_switch", 0, 2);                                   // in nothing
  events.enter("schedule", 0).leaf("finish_task_switch", 3, 2).leave(0, 9);  // not directly in it
  events.enter("schedule", 0).leaf("finish_task_switch", 1, 2);              // does not return
  events.forest.finish();
  const ContextSwitches switches = context_switches(events.forest);
  EXPECT_EQ(switches.without_switch(), 1U);
  EXPECT_EQ(switches.unattributed(), 2U);
  EXPECT_EQ(switches.unfinished(), 1U);
  std::vector<std::int64_t> totals;
  for (const ContextSwitch& s : switches.all())
    totals.push_back(s.total.count());
  EXPECT_EQ(totals, (std::vector<std::int64_t>{900, 9}));
  EXPECT_FALSE(switches.all()[0].call.complete());
  EXPECT_EQ(switches.all()[0].off_cpu, Duration{898});
}

TEST(ContextSwitches, EntryTimesNeedTheWholeCall) {
  Events events;
  events.on_cpu(0).as(1).at(0).enter("schedule", 0).at(1000).leaf("pick", 1, 10).lose(0);
  events.at(5000).leaf("finish_task_switch", 1, 10).at(6000).leave(0, 6000);
  const ContextSwitches switches = context_switches(events.forest);
  ASSERT_EQ(switches.all().size(), 1U);
  EXPECT_EQ(switches.all()[0].basis, SwitchBasis::bounds);
}

TEST(ContextSwitches, SelectsAndSummarises) {
  Events events;
  const auto one = [&events](std::uint32_t cpu, std::int32_t pid, std::int64_t total) {
    events.on_cpu(cpu).as(pid).enter("schedule", 0).leaf("finish_task_switch", 1, 10).leave(0, total);
  };
  for (int i = 1; i <= 9; ++i)
    one(0, 1, 100 + i);
  one(1, 2, 50000);
  one(1, 0, 90000);
  const CallForest& forest = events.forest;
  const ContextSwitches all = context_switches(forest);
  EXPECT_EQ(all.all().size(), 11U);
  EXPECT_EQ(context_switches(forest, {.cpu = 1}).summary(SwitchPart::total).count, 2U);
  EXPECT_EQ(context_switches(forest, {.pid = 1}).summary(SwitchPart::total).count, 9U);
  const ContextSwitches tasks = context_switches(forest, {.idle = false});
  ASSERT_EQ(tasks.all().size(), 10U);

  const SwitchSummary summary = tasks.summary(SwitchPart::total);
  EXPECT_EQ(summary.count, 10U);
  EXPECT_EQ(summary.min, Duration{101});
  EXPECT_EQ(summary.p50, Duration{105});
  EXPECT_EQ(summary.p99, Duration{50000});
  EXPECT_EQ(summary.max, Duration{50000});
  EXPECT_EQ(summary.sum, Duration{900 + 45 + 50000});
  EXPECT_EQ(tasks.summary(SwitchPart::cost).max, Duration{10});
  EXPECT_EQ(tasks.summary(SwitchPart::off_cpu).min, Duration{91});

  const auto outliers = tasks.outliers(SwitchPart::total, 10);
  ASSERT_EQ(outliers.size(), 1U);
  EXPECT_EQ(outliers[0].tree.task()->pid, 2);
  const auto long_ones = all.longer_than(SwitchPart::total, Duration{108});
  ASSERT_EQ(long_ones.size(), 3U);
  EXPECT_EQ(long_ones[0].total, Duration{90000});
  EXPECT_EQ(long_ones[2].total, Duration{109});
  EXPECT_TRUE(tasks.outliers(SwitchPart::cost, 10).empty());
}

TEST(ContextSwitches, OfNothing) {
  const CallForest forest;
  const ContextSwitches none = context_switches(forest);
  EXPECT_TRUE(none.all().empty());
  EXPECT_EQ(none.summary(SwitchPart::total).count, 0U);
  EXPECT_TRUE(none.outliers(SwitchPart::total, 10).empty());
}

}  // namespace
}  // namespace fathom
