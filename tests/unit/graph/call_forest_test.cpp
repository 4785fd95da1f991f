#include "call_test_support.hpp"
#include "forest_soundness.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>
#include <ostream>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

namespace fathom {
namespace {

using test::describe;
using test::Events;
using test::grow;

static_assert(GraphSink<CallForest>);
static_assert(std::ranges::forward_range<CallChildren> && std::ranges::view<CallChildren>);
static_assert(std::ranges::forward_range<CallsPreorder> && std::ranges::view<CallsPreorder>);
static_assert(std::ranges::borrowed_range<CallChildren>);

// A temporary forest's ranges would be of nothing.
template <class Forest>
concept GivesTrees = requires(Forest&& forest) { std::forward<Forest>(forest).trees(); };
template <class Forest>
concept GivesComments = requires(Forest&& forest) { std::forward<Forest>(forest).comments(); };
static_assert(GivesTrees<const CallForest&> && !GivesTrees<CallForest> && !GivesTrees<const CallForest>);
static_assert(GivesComments<const CallForest&> && !GivesComments<CallForest> && !GivesComments<const CallForest>);

struct TextCase {
  const char* name;
  const char* text;
  const char* expected;
};

void PrintTo(const TextCase& test, std::ostream* out) {
  *out << test.name;
}

class CallForestOfText : public testing::TestWithParam<TextCase> {};

TEST_P(CallForestOfText, IsThisTree) {
  EXPECT_EQ(describe(grow(GetParam().text)), GetParam().expected);
}

const TextCase kTextCases[] = {
    {"nesting",
     " 0)               |  vfs_read() {\n"
     " 0)   0.100 us    |    rw_verify_area();\n"
     " 0)               |    seq_read() {\n"
     " 0)   0.200 us    |      mutex_lock();\n"
     " 0)   1.000 us    |    }\n"
     " 0) + 12.345 us   |  }\n"
     " 0)   0.300 us    |  fput();\n",
     "tree cpu0\n"
     " vfs_read 12345 self 11245\n"
     "  rw_verify_area 100 self 100\n"
     "  seq_read 1000 self 800\n"
     "   mutex_lock 200 self 200\n"
     " fput 300 self 300\n"},

    // The first lines are mostly the ends of calls that began before the trace.
    {"head_without_entries",
     " 1)   0.128 us    |        } /* __fget_light */\n"
     " 1)   0.675 us    |      } /* __fdget_pos */\n"
     " 1)   0.100 us    |      vfs_read();\n"
     " 1)   2.000 us    |    } /* ksys_read */\n"
     " 1)   0.010 us    |    up_read();\n"
     " 1)   9.000 us    |  } /* do_syscall_64 */\n",
     "tree cpu1\n"
     " do_syscall_64 9000 self 6990 no_entry\n"
     "  ksys_read 2000 self 1225 no_entry\n"
     "   __fdget_pos 675 self 547 no_entry\n"
     "    __fget_light 128 self 128 no_entry\n"
     "   vfs_read 100 self 100\n"
     "  up_read 10 self 10\n"},

    {"tail_without_exits",
     " 0)               |  a() {\n"
     " 0)   0.100 us    |    b();\n"
     " 0)               |    c() {\n",
     "tree cpu0\n"
     " a no_exit children_lost\n"
     "  b 100 self 100\n"
     "  c no_exit\n"},

    {"missing_exit_is_seen_at_the_next_entry",
     " 0)               |  a() {\n"
     " 0)               |    b() {\n"
     " 0)   0.100 us    |      c();\n"
     " 0)   0.100 us    |    d();\n"
     " 0)   5.000 us    |  }\n",
     "tree cpu0\n"
     " a 5000 self 4900 children_lost\n"
     "  b no_exit\n"
     "   c 100 self 100\n"
     "  d 100 self 100\n"},

    {"missing_exit_is_seen_at_the_callers_exit",
     " 0)               |  a() {\n"
     " 0)               |    b() {\n"
     " 0)   5.000 us    |  } /* a */\n",
     "tree cpu0\n"
     " a 5000 self 5000 children_lost\n"
     "  b no_exit\n"},

    {"gap_above_an_entry",
     " 0)               |  a() {\n"
     " 0)   0.100 us    |      c();\n"
     " 0)   5.000 us    |  }\n",
     "tree cpu0\n"
     " a 5000 self 4900 children_lost\n"
     "  c 100 self 100 parents_unknown\n"},

    // A late exit takes in what stands before it and is deeper, and no more than that.
    {"missing_entry_inside",
     " 0)               |  a() {\n"
     " 0)   0.001 us    |    b();\n"
     " 0)   0.002 us    |        d();\n"
     " 0)   0.003 us    |      e();\n"
     " 0)   0.500 us    |    } /* c */\n"
     " 0)   5.000 us    |  }\n",
     "tree cpu0\n"
     " a 5000 self 4499 children_lost\n"
     "  b 1 self 1\n"
     "  c 500 self 495 no_entry\n"
     "   d 2 self 2 parents_unknown\n"
     "   e 3 self 3\n"},

    {"exit_of_another_function",
     " 0)               |  a() {\n"
     " 0)               |    b() {\n"
     " 0)   0.002 us    |      d();\n"
     " 0)   0.500 us    |    } /* c */\n"
     " 0)   5.000 us    |  }\n",
     "tree cpu0\n"
     " a 5000 self 4500 children_lost\n"
     "  b no_exit children_lost mismatched\n"
     "   d 2 self 2\n"
     "  c 500 self 500 no_entry children_lost mismatched\n"},

    {"switch_names_what_came_before_it",
     " 0)               |  schedule() {\n"
     " 0)   0.100 us    |    pick_next_task_fair();\n"
     " ------------------------------------------\n"
     " 0)     cat-12     =>    <idle>-0   \n"
     " ------------------------------------------\n"
     "\n"
     " 0)   0.200 us    |  finish_task_switch();\n"
     " ------------------------------------------\n"
     " 0)    <idle>-0    =>     cat-12    \n"
     " ------------------------------------------\n"
     "\n"
     " 0)   0.300 us    |    finish_task_switch();\n"
     " 0) @ 808673.2 us |  }\n",
     "tree cat-12\n"
     " schedule 808673200 self 808672800\n"
     "  pick_next_task_fair 100 self 100\n"
     "  finish_task_switch 300 self 300\n"
     "tree <idle>-0 cpu0\n"
     " finish_task_switch 200 self 200\n"},

    {"a_call_goes_on_on_another_cpu",
     " ------------------------------------------\n"
     " 0)      sh-9      =>     cat-12    \n"
     " ------------------------------------------\n"
     "\n"
     " 0)               |  schedule() {\n"
     " 0)   0.100 us    |    pick_next_task_fair();\n"
     " ------------------------------------------\n"
     " 1)    <idle>-0    =>     cat-12    \n"
     " ------------------------------------------\n"
     "\n"
     " 1)   0.300 us    |    finish_task_switch();\n"
     " 1)   9.000 us    |  } /* schedule */\n",
     "tree cat-12\n"
     " schedule 9000 self 8600\n"
     "  pick_next_task_fair 100 self 100\n"
     "  finish_task_switch 300 self 300\n"},

    {"each_cpu_has_an_idle_task",
     " ------------------------------------------\n"
     " 0)      sh-9      =>    <idle>-0   \n"
     " ------------------------------------------\n"
     "\n"
     " 0)               |  do_idle() {\n"
     " ------------------------------------------\n"
     " 1)      sh-9      =>    <idle>-0   \n"
     " ------------------------------------------\n"
     "\n"
     " 1)               |  do_idle() {\n"
     " 0)   1.000 us    |  }\n"
     " 1)   2.000 us    |  }\n",
     "tree <idle>-0 cpu0\n"
     " do_idle 1000 self 1000\n"
     "tree <idle>-0 cpu1\n"
     " do_idle 2000 self 2000\n"},

    // cat-12 was on CPU 1 before its lines on CPU 0 got its name: they are not put together.
    {"fragment",
     " 0)               |  read() {\n"
     " ------------------------------------------\n"
     " 1)    <idle>-0    =>     cat-12    \n"
     " ------------------------------------------\n"
     "\n"
     " 1)   0.300 us    |    fput();\n"
     " ------------------------------------------\n"
     " 0)     cat-12     =>      sh-9     \n"
     " ------------------------------------------\n"
     "\n"
     " 0)   0.100 us    |  getpid();\n"
     " 1)   9.000 us    |  } /* read */\n",
     "tree cat-12 cpu0 fragment\n"
     " read no_exit\n"
     "tree cat-12\n"
     " read 9000 self 8700 no_entry\n"
     "  fput 300 self 300\n"
     "tree sh-9\n"
     " getpid 100 self 100\n"},

    {"an_interrupt_nests",
     " 0)               |  vfs_read() {\n"
     " 0)               |    mutex_lock() {\n"
     " 0)   ==========> |\n"
     " 0)   0.100 us    |      irq_enter();\n"
     " 0)   <========== |\n"
     " 0)   1.000 us    |    }\n"
     " 0)   2.000 us    |  }\n",
     "tree cpu0\n"
     " vfs_read 2000 self 1000\n"
     "  mutex_lock 1000 self 900\n"
     "   irq_enter 100 self 100\n"},

    // Seen on 6.12: the timer's interrupt between the clock's reading and the record of the exit.
    {"an_interrupt_in_the_exit",
     " 0)               |  __cond_resched() {\n"
     " 0)   0.100 us    |    rcu_all_qs();\n"
     " 0)   1.926 us    |    irq_enter_rcu();\n"
     " 0) ! 225.976 us  |    __sysvec_apic_timer_interrupt();\n"
     " 0)   0.890 us    |  }\n",
     "tree cpu0\n"
     " __cond_resched 890 self -227112 interrupted_exit\n"
     "  rcu_all_qs 100 self 100\n"
     "  irq_enter_rcu 1926 self 1926\n"
     "  __sysvec_apic_timer_interrupt 225976 self 225976\n"},

    {"a_loss_marks_what_was_open",
     " 0)               |  a() {\n"
     " 0)   0.100 us    |    b();\n"
     "CPU:0 [LOST 12 EVENTS]\n"
     " 0)   0.200 us    |    c();\n"
     " 0)   5.000 us    |  }\n"
     " 0)   0.200 us    |  d();\n",
     "tree cpu0\n"
     " a 5000 self 4700 children_lost\n"
     "  b 100 self 100\n"
     "  c 200 self 200\n"
     " d 200 self 200\n"},

    // The call whose exit comes after the gap need not be the caller of what came before it.
    {"a_loss_ends_the_search_for_children",
     " 0)   0.001 us    |    b();\n"
     "CPU:0 [LOST 12 EVENTS]\n"
     " 0)   0.002 us    |    c();\n"
     " 0)   5.000 us    |  } /* a */\n",
     "tree cpu0\n"
     " b 1 self 1 parents_unknown\n"
     " a 5000 self 4998 no_entry\n"
     "  c 2 self 2\n"},

    // What was open in one recording doesn't return in the next, and nobody's name is known again.
    {"recordings_one_after_the_other",
     "# tracer: function_graph\n"
     "#\n"
     "# CPU  DURATION                  FUNCTION CALLS\n"
     "# |     |   |                     |   |   |   |\n"
     " ------------------------------------------\n"
     " 0)      sh-9      =>     cat-12    \n"
     " ------------------------------------------\n"
     "\n"
     " 0)               |  a() {\n"
     "# tracer: function_graph\n"
     "#\n"
     "# CPU  DURATION                  FUNCTION CALLS\n"
     "# |     |   |                     |   |   |   |\n"
     " 0)   0.001 us    |    b();\n"
     " 0)   5.000 us    |  } /* a */\n",
     "tree cat-12\n"
     " a no_exit\n"
     "tree cpu0\n"
     " a 5000 self 4999 no_entry\n"
     "  b 1 self 1\n"},
};

INSTANTIATE_TEST_SUITE_P(Text, CallForestOfText, testing::ValuesIn(kTextCases),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(CallForest, KnowsTasksFromTheLinesToo) {
  Events events;
  events.on_cpu(0).as(12, "cat").enter("a", 0);
  events.as(9, "sh").leaf("b", 0, 5);
  events.on_cpu(1).as(12, "cat").leave(0, 100);
  EXPECT_EQ(events.finish(),
            "tree cat-12\n"
            " a 100 self 100\n"
            "tree sh-9\n"
            " b 5 self 5\n");
}

TEST(CallForest, ALossOnOneCpuLeavesTheOthersIdleTaskAlone) {
  Events events;
  events.on_cpu(0).as(0, "<idle>").enter("do_idle", 0);
  events.on_cpu(1).as(0, "<idle>").enter("do_idle", 0);
  events.on_cpu(1).as(12).enter("read", 0);
  events.lose(0);
  events.on_cpu(1).as(12).leave(0, 100);  // it can have been on CPU 0 meanwhile
  events.on_cpu(1).as(0, "<idle>").leave(0, 200);
  events.on_cpu(0).leave(0, 300);
  EXPECT_EQ(events.finish(),
            "tree <idle>-0 cpu0\n"
            " do_idle 300 self 300 children_lost\n"
            "tree <idle>-0 cpu1\n"
            " do_idle 200 self 200\n"
            "tree task-12\n"
            " read 100 self 100 children_lost\n");
}

TEST(CallForest, ALossOnAnUnknownCpuMarksEverythingOpen) {
  Events events;
  events.on_cpu(0).as(0, "<idle>").enter("do_idle", 0);
  events.lose(std::nullopt);
  events.leave(0, 300);
  EXPECT_EQ(events.forest.marked(CallMark::children_lost), 1U);
}

TEST(CallForest, ALossBeforeTheTaskIsNamedCountsToo) {
  Events events;
  events.on_cpu(0).enter("do_idle", 0);
  events.lose(0);
  events.change(0, 0, 5).change(0, 5, 0).leave(0, 100);
  EXPECT_EQ(events.finish(),
            "tree task-0 cpu0\n"
            " do_idle 100 self 100 children_lost\n"
            "tree task-5\n");
}

TEST(CallForest, ASwitchFromAnotherTaskThanTheLastLinesIsALoss) {
  Events events;
  events.on_cpu(0).as(7).enter("a", 0);
  events.change(0, 8, 7);
  events.leave(0, 100);
  EXPECT_EQ(events.finish(),
            "tree task-7\n"
            " a 100 self 100 children_lost\n");
}

TEST(CallForest, KeepsTheNewestNameThatIsOne) {
  Events events;
  events.on_cpu(0).as(7, "funcgraph").leaf("a", 0, 1);
  events.as(8).leaf("b", 0, 1);
  events.as(7, "ls").leaf("c", 0, 1);
  events.as(8).leaf("b", 0, 1);
  events.as(7, "<...>").leaf("d", 0, 1);
  events.forest.finish();
  EXPECT_EQ(events.forest.trees()[0].task()->comm, "ls");
  EXPECT_EQ(events.forest.trees()[0].calls(), 3U);
}

TEST(CallForest, ViewsAgreeWithOneAnother) {
  const CallForest forest = grow(
      " 0)               |  a() {\n"
      " 0)               |    b() {\n"
      " 0)   0.200 us    |      c();\n"
      " 0)   1.000 us    |    }\n"
      " 0)   0.300 us    |    d [overlay]();\n"
      " 0)   9.000 us    |  }\n"
      " 0)   0.400 us    |  e();\n");
  const CallTree tree = forest.trees().front();
  EXPECT_EQ(tree.calls(), 5U);
  EXPECT_EQ(forest.calls(), 5U);
  std::string names;
  for (const Call call : tree.preorder()) {
    names += call.name();
    EXPECT_EQ(call, forest.call(call.index()));
    EXPECT_EQ(call.tree_index(), tree.index());
    for (const Call child : call.children()) {
      EXPECT_EQ(child.parent(), call);
      EXPECT_EQ(child.depth(), call.depth() + 1);
    }
  }
  EXPECT_EQ(names, "abcde");

  const Call a = tree.roots().front();
  EXPECT_FALSE(a.parent());
  EXPECT_EQ(a.cpu(), 0U);
  EXPECT_FALSE(a.entry_time());
  EXPECT_EQ(std::ranges::distance(a.preorder()), 4);
  EXPECT_EQ(std::ranges::distance(tree.roots()), 2);
  EXPECT_EQ(a.children_time(), Duration{1300});
  const Call d = *std::ranges::next(a.children().begin());
  EXPECT_EQ(d.name(), "d");
  EXPECT_EQ(d.module(), "overlay");
  EXPECT_TRUE(d.children().empty());
  EXPECT_EQ(std::ranges::distance(d.preorder()), 1);
}

TEST(CallForest, ViewsOutliveAMove) {
  CallForest forest = grow(" 0)   0.400 us    |  fput();\n");
  const Call call = forest.trees()[0].roots().front();
  const CallForest moved = std::move(forest);
  EXPECT_EQ(call.name(), "fput");
  EXPECT_EQ(moved.trees()[0].roots().front(), call);
}

TEST(CallForest, RangesOutliveAMove) {
  CallForest forest = grow(
      " 0)   0.400 us    |  fput();\n"
      " 0)               |  /* after fput */\n",
      {.keep_comments = true});
  const auto trees = forest.trees();
  const auto comments = forest.comments();
  const CallForest moved = std::move(forest);
  EXPECT_EQ(trees[0], moved.trees()[0]);
  EXPECT_EQ(comments[0].text, "after fput");
  EXPECT_EQ(comments[0].after, moved.call(0));
}

TEST(CallForest, KeepsEntryTimesWhereThereAreSome) {
  Events events;
  events.on_cpu(0).as(7).leaf("untimed", 0, 10);
  const std::size_t without = events.forest.allocated_bytes();
  events.at(0).leaf("at_zero", 0, 10);
  events.at(5000).leave(0, 10, "no_entry");
  events.forest.finish();
  EXPECT_FALSE(events.forest.call(0).entry_time());
  EXPECT_EQ(events.forest.call(1).entry_time(), Timestamp{0});
  EXPECT_FALSE(events.forest.call(2).entry_time()) << "the time is its exit's";
  EXPECT_GE(events.forest.allocated_bytes(), without + 1024 * sizeof(std::uint64_t));
}

TEST(CallForest, KeepsDetailsOnlyIfAsked) {
  const char* const text =
      " 0)               |  vfs_read(file=0xffff, count=5) { /* <-ksys_read+0x4/0x370 */\n"
      " 0)   0.100 us    |    fput(); /* ret=0x1 */\n"
      " 0)   3.000 us    |  } /* vfs_read ret=-22 */\n";
  const CallForest plain = grow(text);
  ASSERT_EQ(plain.calls(), 2U);
  EXPECT_EQ(plain.call(0).args(), "");
  EXPECT_EQ(plain.call(0).retval(), std::nullopt);

  const CallForest kept = grow(text, {.keep_details = true});
  EXPECT_EQ(kept.call(0).args(), "file=0xffff, count=5");
  EXPECT_EQ(kept.call(0).caller(), "ksys_read+0x4/0x370");
  EXPECT_EQ(kept.call(0).retval(), static_cast<std::uint64_t>(-22));
  EXPECT_EQ(kept.call(1).args(), "");
  EXPECT_EQ(kept.call(1).retval(), 1U);
  EXPECT_EQ(kept.call(1).overruns(), std::nullopt);
}

TEST(CallForest, PlacesComments) {
  const char* const text =
      " 0)               |  /* before */\n"
      " 0)               |  a() {\n"
      " 0)               |    /* first in a */\n"
      " 0)   0.100 us    |    b();\n"
      " 0)               |    /* after b */\n"
      " 0)   3.000 us    |  }\n";
  EXPECT_EQ(grow(text).comment_count(), 0U);
  const CallForest forest = grow(text, {.keep_comments = true});
  std::string placed;
  for (const CallComment& comment : forest.comments()) {
    placed += std::string(comment.text) + " in " + std::string(comment.inside ? comment.inside->name() : "-") +
              " after " + std::string(comment.after ? comment.after->name() : "-") + '\n';
  }
  EXPECT_EQ(placed,
            "before in - after -\n"
            "first in a in a after -\n"
            "after b in a after b\n");
}

TEST(CallForest, CommentsFollowTheirCallToALateCaller) {
  const CallForest forest = grow(
      " 0)   0.100 us    |    b();\n"
      " 0)               |    /* after b */\n"
      " 0)   3.000 us    |  } /* a */\n",
      {.keep_comments = true});
  EXPECT_EQ(forest.comment(0).inside->name(), "a");
}

// Beyond its limit a forest counts calls, says whose callees are missing, and still ends the calls that are open.
TEST(CallForest, TakesNoMoreThanItMay) {
  Events events{{.max_calls = 2}};
  events.on_cpu(0).as(7).enter("a", 0).enter("b", 1).enter("c", 2).leaf("d", 3, 1).leave(2, 2, "c");
  events.leave(1, 3, "b").leave(0, 4, "a").leave(0, 5, "late").leaf("e", 0, 1);
  EXPECT_EQ(events.finish(),
            "tree task-7\n"
            " a 4 self 1\n"
            "  b 3 self 3 children_lost\n");
  EXPECT_EQ(events.forest.dropped_calls(), 4U);
}

// The children's sum can exceed the call by less than what the print cut off.
TEST(CallForest, ConsistencyKnowsThePrintsDigits) {
  struct Case {
    std::int64_t parent, children, precision;
    std::uint64_t negative, exceeding;
  };
  for (const Case& c : {Case{10000, 10000, 10, 0, 0}, Case{10000, 10009, 10, 1, 0}, Case{10000, 10010, 10, 1, 1},
                        Case{100, 101, 1, 1, 1}, Case{100, 100, 1, 0, 0}}) {
    Events events;
    events.as(7).enter("a", 0).leaf("b", 1, c.children).cut_to(c.precision).leave(0, c.parent);
    const CallConsistency found = events.forest.consistency();
    EXPECT_EQ(found.checked, 2U);
    EXPECT_EQ(found.negative_self, c.negative) << c.children;
    EXPECT_EQ(found.exceeding, c.exceeding) << c.children;
    EXPECT_EQ(found.worst, Duration{std::min<std::int64_t>(0, c.parent - c.children)});
    EXPECT_EQ(events.forest.call(0).precision(), Duration{c.precision});
    EXPECT_EQ(found.worst_call.has_value(), c.negative == 1);
  }
}

TEST(CallForest, AnyNumberIsTaken) {
  constexpr std::uint32_t kMax = std::numeric_limits<std::uint32_t>::max();
  Events events;
  events.on_cpu(kMax - 1).as(-1).enter("a", kMax).leave(kMax, std::numeric_limits<std::int64_t>::max());
  events.enter("b", kMax).enter("c", 0).leave(kMax, 1).leave(kMax - 1, std::numeric_limits<std::int64_t>::max());
  events.leaf("d", kMax, std::numeric_limits<std::int64_t>::max()).leave(kMax - 1, -5).leave(0, 1);
  events.on_cpu(12345678).as(std::numeric_limits<std::int32_t>::min()).leaf("e", 65536, 1);
  events.change(kMax, 0, 0).change(77, -5, 0).lose(kMax).lose(5);
  events.forest.finish();
  EXPECT_EQ(events.forest.calls(), 8U);
  EXPECT_EQ(events.forest.call(7).depth(), 65535U) << "saturated";
  for (const CallTree tree : events.forest.trees())
    for (const Call call : tree.preorder())
      (void)call.self_time();
  EXPECT_LT(events.forest.allocated_bytes(), 512U * 1024);
}

// Every processor, task and depth costs its event's due at most, whatever its number.
TEST(CallForest, NumbersCostNoMemory) {
  Events events;
  constexpr std::uint32_t kEvents = 20000;
  for (std::uint32_t i = 0; i < kEvents; ++i)
    events.on_cpu(i * 214'748U).as(static_cast<std::int32_t>(i * 107'374U)).enter("a", i * 210'000U);
  EXPECT_LT(events.forest.allocated_bytes(), std::size_t{kEvents} * 1024);

  // One task, ever deeper, and calls that never return.
  Events deep;
  for (std::uint32_t i = 0; i < kEvents; ++i)
    deep.on_cpu(0).as(1).enter("a", i * 3);
  EXPECT_LT(deep.forest.allocated_bytes(), std::size_t{kEvents} * 160);
  deep.forest.finish();
  EXPECT_EQ(std::ranges::distance(deep.forest.trees()[0].preorder()), kEvents);
}

// Late exits look for their children from the end of the list; were it from its start, this would take minutes.
TEST(CallForest, ManyOrphansTakeNoLongTime) {
  Events events;
  events.on_cpu(0).as(1);
  constexpr int kTimes = 300000;
  for (int i = 0; i < kTimes; ++i)
    events.leaf("a", 2, 1).leave(1, 2, "b");
  events.leave(0, 3, "c");
  events.forest.finish();
  const Call top = events.forest.trees()[0].roots().front();
  EXPECT_EQ(top.name(), "c");
  EXPECT_EQ(std::ranges::distance(top.children()), kTimes);
  EXPECT_EQ(top.children().front().children().front().name(), "a");
  EXPECT_EQ(events.forest.marked(CallMark::parents_unknown), 0U);
}

// A header ends what has run since the last one; were it all that ever ran, this would take minutes.
TEST(CallForest, ManyTasksAndThenManyHeadersTakeNoLongTime) {
  Events events;
  constexpr std::uint32_t kTimes = 200000;
  for (std::uint32_t i = 0; i < kTimes; ++i)
    events.on_cpu(i).as(static_cast<std::int32_t>(i) + 1).enter("a", 0);
  for (std::uint32_t i = 0; i < kTimes; ++i)
    events.forest.on(RecordingStart{});
  EXPECT_EQ(events.forest.marked(CallMark::no_exit), kTimes);

  // Tasks of before are ended again once they ran again.
  events.on_cpu(0).as(1).enter("b", 0).on_cpu(7).as(8).enter("b", 0);
  events.forest.on(RecordingStart{});
  EXPECT_EQ(events.forest.marked(CallMark::no_exit), kTimes + 2);
  events.on_cpu(0).as(1).leave(0, 5, "b");
  EXPECT_TRUE(events.forest.call(kTimes + 2).has(CallMark::no_entry));
}

TEST(CallForest, LinksStaySoundForRandomEvents) {
  std::uint64_t state = 42;
  const auto random = [&state](std::uint64_t below) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return (state >> 33U) % below;
  };
  for (int round = 0; round < 300; ++round) {
    Events events;
    const int count = static_cast<int>(random(200));
    for (int i = 0; i < count; ++i) {
      events.on_cpu(static_cast<std::uint32_t>(random(3)));
      const auto pid = static_cast<std::int32_t>(random(3));
      events.as(pid);
      const auto depth = static_cast<std::uint32_t>(random(6));
      const std::string name(1, static_cast<char>('a' + random(3)));
      switch (random(6)) {
        case 0:
        case 1:
          events.enter(name, depth);
          break;
        case 2:
          events.leaf(name, depth, static_cast<std::int64_t>(random(50)));
          break;
        case 3:
          events.leave(depth, static_cast<std::int64_t>(random(50)));
          break;
        case 4:
          events.leave(depth, static_cast<std::int64_t>(random(50)), name);
          break;
        default:
          if (random(4) == 0)
            events.lose(static_cast<std::uint32_t>(random(3)));
          else
            events.change(static_cast<std::uint32_t>(random(3)), pid, static_cast<std::int32_t>(random(3)));
      }
    }
    events.forest.finish();
    ASSERT_EQ(test::unsoundness(events.forest), "");
  }
}

}  // namespace
}  // namespace fathom
