// Every capture of every kernel, as trees: the durations fit together, and what is not known is marked.

#include "call_test_support.hpp"

#include <fathom/graph/context_switches.hpp>
#include <fathom/graph/function_stats.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace fathom {
namespace {

namespace fs = std::filesystem;

struct Capture {
  ParseStats stats;
  CallForest forest;
};

Capture read_capture(const fs::path& path) {
  Capture capture;
  FunctionGraphParser parser;
  parser.feed(test::read_file(path), capture.forest);
  parser.finish(capture.forest);
  capture.forest.finish();
  capture.stats = parser.stats();
  return capture;
}

Capture named_capture(const char* path) {
  return read_capture(fs::path(FATHOM_TEST_CAPTURES) / path);
}

// With sleep-time on, which all captures but two have.
void check_durations(const CallForest& forest) {
  const CallConsistency found = forest.consistency();
  EXPECT_EQ(found.exceeding, 0U) << found.worst_call->name() << ' ' << found.worst.count();
  EXPECT_EQ(found.negative_self, 0U) << found.worst_call->name() << ' ' << found.worst.count();
}

void check_statistics(const CallForest& forest) {
  const FunctionStats stats = function_stats(forest);
  std::uint64_t calls = 0;
  for (const FunctionStat& f : stats.by_name()) {
    calls += f.calls + f.incomplete;
    std::uint64_t in_histogram = 0;
    for (const std::uint64_t n : f.log2_histogram)
      in_histogram += n;
    EXPECT_EQ(in_histogram, f.timed);
    EXPECT_LE(f.outermost_total, f.total);
    EXPECT_LE(f.min, f.p50);
    EXPECT_LE(f.p50, f.p99);
    EXPECT_LE(f.p99, f.max);
  }
  EXPECT_EQ(calls, forest.calls());

  std::uint64_t by_cpu = 0;
  for (const auto& [cpu, of_cpu] : function_stats_by_cpu(forest))
    by_cpu += of_cpu.calls();
  std::uint64_t by_tree = 0;
  for (const auto& [tree, of_tree] : function_stats_by_tree(forest))
    by_tree += of_tree.calls();
  EXPECT_EQ(by_cpu, stats.calls());
  EXPECT_EQ(by_tree, stats.calls());
}

// One test, since reading them takes the most time.
TEST(CallCaptures, HoldTogether) {
  int captures = 0;
  int large = 0;
  std::uint64_t calls = 0;
  std::uint64_t mismatched = 0;
  for (const auto& entry : fs::recursive_directory_iterator(FATHOM_TEST_CAPTURES)) {
    if (!entry.is_regular_file() || entry.path().extension() != ".txt")
      continue;
    SCOPED_TRACE(entry.path().string());
    const Capture capture = read_capture(entry.path());
    if (capture.forest.calls() == 0)
      continue;
    ++captures;
    calls += capture.forest.calls();

    if (entry.path().filename().string().find("nosleeptime") == std::string::npos)
      check_durations(capture.forest);
    check_statistics(capture.forest);

    // Entry of one function and exit of another can only be where lines are missing.
    const std::uint64_t mismatches = capture.forest.marked(CallMark::mismatched);
    mismatched += mismatches;
    if (capture.stats.losses == 0 && capture.stats.skipped_records() == 0) {
      EXPECT_EQ(mismatches, 0U);
    }

    // The bound of 48 bytes a call, where a capture is so large that the fixed parts do not count.
    if (capture.forest.calls() >= 20'000) {
      ++large;
      EXPECT_LE(capture.forest.allocated_bytes(), std::size_t{48} * capture.forest.calls());
    }
  }
  EXPECT_GE(captures, 250);
  EXPECT_GE(calls, 500'000U);
  EXPECT_GE(large, 4);
  EXPECT_GT(mismatched, 0U) << "captures with losses have some";
}

// As `set_ftrace_filter` can leave it: schedule, finish_task_switch and little else; two CPUs, times.
TEST(CallCaptures, SwitchesInFilteredTraces) {
  const Capture timed = named_capture("6.1.0-56-amd64/fg-smp/switch-filtered-proc-abstime-tail.txt");
  const ContextSwitches switches = context_switches(timed.forest);
  ASSERT_GT(switches.all().size(), 0U);
  for (const ContextSwitch& s : switches.all()) {
    EXPECT_EQ(s.call.name(), "schedule");
    EXPECT_EQ(s.before + s.off_cpu + s.after, s.total);
    if (s.call.complete()) {
      EXPECT_EQ(s.basis, SwitchBasis::entry_times);
    }
    // The print keeps microseconds; a part can't be shorter than nothing by more.
    EXPECT_GE(s.off_cpu, Duration{-1000});
    EXPECT_GE(s.before, Duration{0});
    EXPECT_GE(s.after, Duration{-1000});
  }
  // The first switch of the file, by hand: tw-135 left at .666577 + 12.406 us and was back at .672902.
  const ContextSwitch& first = switches.all()[0];
  EXPECT_EQ(first.tree.task()->pid, 135);
  EXPECT_EQ(first.next->task()->pid, 136);
  EXPECT_EQ(first.total, Duration{6369592});
  EXPECT_EQ(first.off_cpu, Duration{6325000 - 12406});

  // schedule_idle is not in the filter, so the idle tasks' returns are in no call.
  EXPECT_GT(switches.unattributed(), 0U);
}

TEST(CallCaptures, SwitchesInFullTraces) {
  const Capture full = named_capture("6.1.0-56-amd64/fg-smp/smp-switch-full.txt");
  const ContextSwitches tasks = context_switches(full.forest, {.idle = false});
  ASSERT_GT(tasks.all().size(), 0U);
  const SwitchSummary cost = tasks.summary(SwitchPart::cost);
  EXPECT_LE(cost.min, cost.p50);
  EXPECT_LE(cost.p50, cost.p99);
  EXPECT_LE(cost.p99, cost.max);
  std::map<std::string, int> callers;
  const ContextSwitches all = context_switches(full.forest);
  for (const ContextSwitch& s : all.all()) {
    ++callers[std::string(s.call.name())];
    EXPECT_EQ(s.basis, SwitchBasis::bounds);
    EXPECT_EQ(s.cost() + s.off_cpu, s.total);
    EXPECT_GE(s.off_cpu, Duration{0});
  }
  EXPECT_GT(callers["schedule"], 0);
  EXPECT_GT(callers["schedule_idle"], 0);
}

// One task (set_ftrace_pid), of whose idle CPU only single lines come through: sleeps of 50 us to 1.25 s stand out.
TEST(CallCaptures, LongSleepsAreOutliers) {
  const Capture capture = named_capture("6.1.0-56-amd64/fg/long-sleep.txt");
  const ContextSwitches switches = context_switches(capture.forest);
  const auto long_ones = switches.longer_than(SwitchPart::off_cpu, std::chrono::seconds{1});
  ASSERT_EQ(long_ones.size(), 1U);
  EXPECT_EQ(long_ones[0].call.name(), "schedule");
  EXPECT_LT(long_ones[0].total, std::chrono::milliseconds{1400});
  EXPECT_TRUE(long_ones[0].next->idle());
}

}  // namespace
}  // namespace fathom
