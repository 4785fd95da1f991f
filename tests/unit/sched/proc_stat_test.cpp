#include <fathom/sched/proc_stat.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace fathom {
namespace {

TEST(ProcStat, TakesTheKernelsText) {
  // Linux 6.18.
  const std::string_view text =
      "cpu  6769303 1578366 1016480 1256679 10067 0 5612 6517 0 0\n"
      "cpu0 3356689 784470 491135 682785 2556 1 598 3284 2 3\n"
      "cpu2 3412614 793895 525345 573894 7511 0 5013 3232 0 0\n"
      "intr 41987067 0 0\nctxt 1\nbtime 1795400000\nprocesses 5\nprocs_running 2\nprocs_blocked 0\nsoftirq 9 1 2\n";
  const ProcStat stat = parse_proc_stat(text);
  ASSERT_TRUE(stat.total);
  EXPECT_FALSE(stat.total->cpu);
  EXPECT_EQ(stat.total->idle, 1256679U);
  ASSERT_EQ(stat.cpus.size(), 2U);
  ASSERT_NE(stat.find(0), nullptr);
  const CpuTicks& cpu = *stat.find(0);
  EXPECT_EQ(cpu.user, 3356689U);
  EXPECT_EQ(cpu.nice, 784470U);
  EXPECT_EQ(cpu.system, 491135U);
  EXPECT_EQ(cpu.idle, 682785U);
  EXPECT_EQ(cpu.iowait, 2556U);
  EXPECT_EQ(cpu.irq, 1U);
  EXPECT_EQ(cpu.softirq, 598U);
  EXPECT_EQ(cpu.steal, 3284U);
  EXPECT_EQ(cpu.guest, 2U);
  EXPECT_EQ(cpu.guest_nice, 3U);
  EXPECT_EQ(cpu.total(), 3356689U + 784470 + 491135 + 682785 + 2556 + 1 + 598 + 3284);
  EXPECT_EQ(stat.find(1), nullptr);  // offline
  EXPECT_EQ(stat.stats.parsed_records, 10U);
  EXPECT_EQ(stat.stats.skipped_records(), 0U);
  EXPECT_EQ(stat.stats.parsed_bytes, text.size());
}

TEST(ProcStat, TakesLinesOfOldAndNewKernels) {
  EXPECT_EQ(parse_proc_stat("cpu0 1 2 3 4\n").cpus.at(0).idle, 4U);
  EXPECT_EQ(parse_proc_stat("cpu0 1 2 3 4\n").cpus.at(0).steal, 0U);
  EXPECT_EQ(parse_proc_stat("cpu0 1 2 3 4 5 6 7 8 9 10 11 x").cpus.at(0).guest_nice, 10U);
}

TEST(ProcStat, CountsWhatItSkips) {
  const struct {
    std::string_view line;
    bool taken;
  } cases[] = {
      {"cpu0 1 2 3", false},
      {"cpu0", false},
      {"cpu0 1 2 3 x", false},
      {"cpu0 1 2 3 4x", false},
      {"cpux 1 2 3 4", false},
      {"cpu0 1 2 3 99999999999999999999", false},
      {"cpu 1 2 -3 4", false},
      {"cpu99999999999 1 2 3 4", false},
      {"", false},
      {"nonsense 1", false},
      {"intr ", true},
      {"cpu 1 2 3 4", true},
      {"cpu7 1 2 3 4 ", false},
  };
  for (const auto& c : cases) {
    const std::string text = std::string(c.line) + "\n";
    const ProcStat stat = parse_proc_stat(text);
    EXPECT_EQ(stat.stats.parsed_records, c.taken ? 1U : 0U) << c.line;
    EXPECT_EQ(stat.stats.records, 1U) << c.line;
    EXPECT_EQ(stat.stats.parsed_bytes + stat.stats.skipped_bytes, text.size()) << c.line;
  }
  const ProcStat twice = parse_proc_stat("cpu 1 1 1 1\ncpu 2 2 2 2\ncpu1 1 1 1 1\ncpu1 2 2 2 2\ncpu0 3 3 3 3\n");
  EXPECT_EQ(twice.total->user, 1U);
  ASSERT_EQ(twice.cpus.size(), 1U);
  EXPECT_EQ(twice.cpus[0].user, 1U);
  EXPECT_EQ(twice.stats.skipped(SkipReason::unknown_line), 3U);
  EXPECT_EQ(parse_proc_stat("").stats.records, 0U);
}

TEST(ProcStat, DifferencesDoNotGoBelowZero) {
  const ProcStat before = parse_proc_stat("cpu0 10 20 30 40 50\n");
  const ProcStat after = parse_proc_stat("cpu0 15 20 31 140 49\n");
  const CpuTicks ticks = after.find(0)->since(*before.find(0));
  EXPECT_EQ(ticks.cpu, 0U);
  EXPECT_EQ(ticks.user, 5U);
  EXPECT_EQ(ticks.nice, 0U);
  EXPECT_EQ(ticks.system, 1U);
  EXPECT_EQ(ticks.idle, 100U);
  EXPECT_EQ(ticks.iowait, 0U);
}

}  // namespace
}  // namespace fathom
