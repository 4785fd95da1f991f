#include <fathom/sched/idle_accounting.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace fathom {
namespace {

using testing::ElementsAre;

Timestamp at(std::uint64_t time) {
  return Timestamp{time};
}

SchedSwitch from_to(std::uint32_t cpu, std::uint64_t time, std::int32_t prev, std::int32_t next) {
  const auto name = [](std::int32_t pid) {
    return std::string_view(pid == 0 ? "swapper" : pid == 7 ? "seven" : "eight");
  };
  return {.cpu = cpu, .time = at(time), .prev = {prev, name(prev)}, .next = {next, name(next)}, .prev_state = {}};
}

InterruptMark irq(std::uint32_t cpu, std::uint64_t time, InterruptKind kind, bool entering,
                  std::optional<std::int32_t> pid = {}) {
  return {.cpu = cpu, .time = at(time), .kind = kind, .entering = entering, .interrupted_pid = pid};
}
constexpr InterruptKind kHard = InterruptKind::hard;
constexpr InterruptKind kSoft = InterruptKind::soft;

void expect_sound(const CpuIdleTime& time) {
  EXPECT_EQ(time.idle + time.busy + time.interrupts_in_idle + time.interrupts_in_busy + time.offline + time.unknown,
            time.to - time.from);
  EXPECT_LE(time.hard_interrupts, time.interrupts_in_idle + time.interrupts_in_busy);
  Duration tasks{0};
  for (const TaskTime& task : time.tasks) {
    EXPECT_NE(task.pid, 0);
    tasks += task.time;
  }
  EXPECT_EQ(tasks, time.busy);
  Duration states{0};
  for (const IdleStateTime& state : time.states)
    states += state.time;
  EXPECT_LE(states, time.idle);
  EXPECT_TRUE(std::ranges::is_sorted(time.tasks, std::ranges::greater{}, &TaskTime::time));
}

TEST(IdleAccounting, KnowsNothingOfNothing) {
  const IdleAccounting idle;
  EXPECT_THAT(idle.cpus(), ElementsAre());
  const CpuIdleTime time = idle.window(3, at(10), at(20));
  EXPECT_EQ(time.unknown, Duration{10});
  EXPECT_FALSE(time.complete());
  expect_sound(time);
  EXPECT_EQ(idle.window(3, at(20), at(10)).to, at(20));
}

TEST(IdleAccounting, CountsByCpuNeverByPid) {
  IdleAccounting idle;
  idle.recorded_from(at(0));
  idle.on(from_to(0, 100, 0, 7));  // both CPUs' swappers are pid 0
  idle.on(from_to(1, 150, 7, 0));
  idle.on(from_to(0, 300, 7, 0));
  idle.recorded_to(at(1000));
  const CpuIdleTime first = idle.window(0, at(0), at(1000));
  EXPECT_EQ(first.idle, Duration{800});
  EXPECT_EQ(first.busy, Duration{200});
  EXPECT_EQ(first.idle_periods, 2U);
  EXPECT_TRUE(first.complete());
  ASSERT_EQ(first.tasks.size(), 1U);
  EXPECT_EQ(first.tasks[0].comm, "seven");
  EXPECT_EQ(first.tasks[0].time, Duration{200});
  const CpuIdleTime second = idle.window(1, at(0), at(1000));
  EXPECT_EQ(second.busy, Duration{150});
  EXPECT_EQ(second.idle, Duration{850});
  EXPECT_EQ(second.idle_periods, 1U);
  expect_sound(first);
  expect_sound(second);
}

TEST(IdleAccounting, AnswersOverAnyWindow) {
  IdleAccounting idle;
  idle.recorded_from(at(0));
  idle.on(from_to(0, 100, 0, 7));
  idle.on(from_to(0, 200, 7, 8));
  idle.on(from_to(0, 300, 8, 0));
  idle.recorded_to(at(400));
  const struct {
    std::uint64_t from, to;
    std::int64_t idle, busy, unknown;
    std::uint64_t periods;
  } cases[] = {
      {0, 400, 200, 200, 0, 2}, {0, 100, 100, 0, 0, 1},      {50, 150, 50, 50, 0, 0},  {100, 300, 0, 200, 0, 0},
      {150, 150, 0, 0, 0, 0},   {250, 500, 100, 50, 100, 1}, {400, 500, 0, 0, 100, 0}, {399, 401, 1, 0, 1, 0},
      {300, 400, 100, 0, 0, 1}, {301, 400, 99, 0, 0, 0},
  };
  for (const auto& c : cases) {
    const CpuIdleTime time = idle.window(0, at(c.from), at(c.to));
    EXPECT_EQ(time.idle, Duration{c.idle}) << c.from << ' ' << c.to;
    EXPECT_EQ(time.busy, Duration{c.busy}) << c.from << ' ' << c.to;
    EXPECT_EQ(time.unknown, Duration{c.unknown}) << c.from << ' ' << c.to;
    EXPECT_EQ(time.idle_periods, c.periods) << c.from << ' ' << c.to;
    EXPECT_EQ(time.complete(), c.unknown == 0);
    expect_sound(time);
  }
}

TEST(IdleAccounting, WithoutABeginTheFirstEventIsIt) {
  IdleAccounting idle;
  idle.on(from_to(0, 100, 0, 7));
  idle.on(from_to(0, 200, 7, 0));
  EXPECT_EQ(idle.begin(), at(100));
  EXPECT_EQ(idle.end(), at(200));
  const CpuIdleTime time = idle.window(0, at(0), at(300));
  EXPECT_EQ(time.busy, Duration{100});
  EXPECT_EQ(time.unknown, Duration{200});
}

TEST(IdleAccounting, ShowsInterruptsApart) {
  IdleAccounting idle;
  idle.on(from_to(0, 0, 7, 0));
  idle.on(irq(0, 100, kHard, true, 0));
  idle.on(irq(0, 110, kHard, false, 0));
  idle.on(irq(0, 110, kSoft, true, 0));
  idle.on(irq(0, 120, kHard, true));  // in the softirq
  idle.on(irq(0, 125, kHard, false));
  idle.on(irq(0, 140, kSoft, false, 0));
  idle.on(from_to(0, 200, 0, 8));
  idle.on(irq(0, 250, kSoft, true, 8));
  idle.on(irq(0, 300, kSoft, false, 8));
  idle.recorded_to(at(400));
  const CpuIdleTime time = idle.window(0, at(0), at(400));
  EXPECT_EQ(time.idle, Duration{160});
  EXPECT_EQ(time.interrupts_in_idle, Duration{40});
  EXPECT_EQ(time.swapper(), Duration{200});
  EXPECT_EQ(time.busy, Duration{150});
  EXPECT_EQ(time.interrupts_in_busy, Duration{50});
  EXPECT_EQ(time.hard_interrupts, Duration{15});
  EXPECT_TRUE(time.has_interrupts);
  EXPECT_EQ(time.idle_periods, 1U);  // an interrupt ends none
  EXPECT_EQ(idle.stats().unmatched, 0U);
  expect_sound(time);
}

TEST(IdleAccounting, BeginsInsideAnInterrupt) {
  IdleAccounting idle;
  idle.recorded_from(at(0));
  idle.on(irq(0, 50, kSoft, false, 0));
  idle.recorded_to(at(100));
  const CpuIdleTime time = idle.window(0, at(0), at(100));
  EXPECT_EQ(time.interrupts_in_idle, Duration{50});
  EXPECT_EQ(time.idle, Duration{50});
  EXPECT_EQ(idle.stats().unmatched, 0U);
}

TEST(IdleAccounting, AnEndWithoutABeginIsCounted) {
  IdleAccounting idle;
  idle.on(from_to(0, 0, 7, 0));
  idle.on(irq(0, 50, kHard, false, 0));
  idle.recorded_to(at(100));
  EXPECT_EQ(idle.stats().unmatched, 1U);
  EXPECT_EQ(idle.window(0, at(0), at(100)).idle, Duration{100});
}

TEST(IdleAccounting, KeepsTheStatesOfTheDriver) {
  IdleAccounting idle;
  idle.on(from_to(0, 0, 7, 0));
  idle.on(CpuIdleMark{0, at(10), 1});
  idle.on(irq(0, 30, kHard, true, 0));
  idle.on(irq(0, 40, kHard, false, 0));
  idle.on(CpuIdleMark{0, at(60), {}});
  idle.on(CpuIdleMark{0, at(70), 0});
  idle.on(from_to(0, 100, 0, 7));
  idle.recorded_to(at(100));
  const CpuIdleTime time = idle.window(0, at(0), at(100));
  ASSERT_EQ(time.states.size(), 2U);
  EXPECT_EQ(time.states[0].state, 0U);
  EXPECT_EQ(time.states[0].time, Duration{30});
  EXPECT_EQ(time.states[0].entries, 1U);
  EXPECT_EQ(time.states[1].state, 1U);
  EXPECT_EQ(time.states[1].time, Duration{40});
  EXPECT_EQ(time.states[1].entries, 1U);  // the interrupt did not end it
  EXPECT_EQ(time.idle, Duration{90});
  expect_sound(time);
}

TEST(IdleAccounting, CpuIdleTellsWhoRuns) {
  IdleAccounting idle;
  idle.recorded_from(at(0));
  idle.on(CpuIdleMark{0, at(10), {}});  // a CPU that never switches
  idle.recorded_to(at(50));
  EXPECT_EQ(idle.window(0, at(0), at(50)).idle, Duration{50});
}

TEST(IdleAccounting, ALossIsNeverGuessed) {
  IdleAccounting idle;
  idle.recorded_from(at(0));
  idle.on(from_to(0, 100, 0, 7));
  idle.on(from_to(1, 100, 0, 7));
  idle.on(Loss{.cpu = 0, .events = 5});
  idle.on(from_to(0, 300, 0, 8));
  idle.recorded_to(at(400));
  const CpuIdleTime time = idle.window(0, at(0), at(400));
  EXPECT_EQ(time.idle, Duration{100});
  EXPECT_EQ(time.unknown, Duration{200});
  EXPECT_EQ(time.busy, Duration{100});
  EXPECT_FALSE(time.complete());
  EXPECT_TRUE(idle.window(0, at(0), at(100)).complete());
  EXPECT_TRUE(idle.window(1, at(0), at(400)).complete());  // the other CPU lost nothing
  expect_sound(time);
  idle.on(Loss{});
  EXPECT_EQ(idle.window(1, at(0), at(400)).unknown, Duration{300});  // what came after its last event
  EXPECT_EQ(idle.stats().losses, 2U);
  EXPECT_EQ(idle.stats().contradictions, 0U);
}

TEST(IdleAccounting, ALossBeforeTheFirstEventHidesWhatWas) {
  IdleAccounting idle;
  idle.recorded_from(at(0));
  idle.on(Loss{.cpu = 0, .events = {}});
  EXPECT_THAT(idle.cpus(), ElementsAre());
  idle.on(from_to(0, 100, 0, 7));
  idle.recorded_to(at(200));
  const CpuIdleTime time = idle.window(0, at(0), at(200));
  EXPECT_EQ(time.unknown, Duration{100});
  EXPECT_EQ(time.busy, Duration{100});
}

TEST(IdleAccounting, AContradictionMakesUnknownWhatWasNotSure) {
  IdleAccounting idle;
  idle.on(from_to(0, 100, 0, 7));
  idle.on(TaskSighting{0, at(150), 7});
  idle.on(irq(0, 160, kHard, true));
  idle.on(irq(0, 170, kHard, false));
  idle.on(from_to(0, 300, 8, 0));  // nobody told of 8
  idle.recorded_to(at(400));
  const CpuIdleTime time = idle.window(0, at(100), at(400));
  EXPECT_EQ(time.busy, Duration{50});
  EXPECT_EQ(time.unknown, Duration{150});
  EXPECT_EQ(time.idle, Duration{100});
  EXPECT_EQ(idle.stats().contradictions, 1U);
  expect_sound(time);
}

TEST(IdleAccounting, WhatIsOutOfOrderIsNotUsed) {
  IdleAccounting idle;
  idle.on(from_to(0, 100, 0, 7));
  idle.on(from_to(0, 50, 7, 0));
  idle.on(from_to(0, 200, 7, 0));
  idle.recorded_to(at(300));
  const CpuIdleTime time = idle.window(0, at(100), at(300));
  EXPECT_EQ(idle.stats().out_of_order, 1U);
  EXPECT_EQ(time.unknown, Duration{100});
  EXPECT_EQ(time.idle, Duration{100});
}

TEST(IdleAccounting, ACpuIsDownFromItsLastEventToItsNext) {
  enum { first, between, last };
  for (const int told : {first, between, last}) {
    IdleAccounting idle;
    idle.recorded_from(at(0));
    if (told == first)
      idle.on(CpuAbsence{1, at(300)});
    idle.on(from_to(1, 100, 7, 0));
    idle.on(from_to(1, 200, 0, 8));  // the thread that stops it
    if (told == between) {
      for (const std::uint64_t time : {300U, 301U, 300U})
        idle.on(CpuAbsence{1, at(time)});
    }
    idle.on(from_to(1, 520, 0, 7));  // it begins with its swapper
    if (told == last)
      idle.on(CpuAbsence{1, at(300)});
    idle.recorded_to(at(600));
    const CpuIdleTime time = idle.window(1, at(0), at(600));
    EXPECT_EQ(time.offline, Duration{320}) << told;
    EXPECT_EQ(time.unknown, Duration{0}) << told;
    EXPECT_EQ(time.idle, Duration{100}) << told;
    EXPECT_EQ(time.busy, Duration{180}) << told;
    EXPECT_EQ(idle.window(1, at(250), at(280)).offline, Duration{30}) << told;
    EXPECT_EQ(idle.stats().contradictions, told == last ? 1U : 0U);
    expect_sound(time);
  }
}

TEST(IdleAccounting, ACpuMayBeDownAtTheEndsOfTheRecord) {
  IdleAccounting idle;
  idle.recorded_from(at(0));
  idle.on(from_to(1, 100, 0, 7));
  idle.on(from_to(1, 150, 7, 8));
  idle.on(CpuAbsence{1, at(50)});
  idle.on(CpuAbsence{1, at(160)});
  idle.recorded_to(at(600));
  const CpuIdleTime time = idle.window(1, at(0), at(600));
  EXPECT_EQ(time.offline, Duration{550});
  EXPECT_EQ(time.busy, Duration{50});
  expect_sound(time);
}

TEST(IdleAccounting, AnAbsenceSaysNothingOfWhatWasLost) {
  IdleAccounting idle;
  idle.recorded_from(at(0));
  idle.on(from_to(1, 100, 7, 0));
  idle.on(Loss{.cpu = 1, .events = {}});
  idle.on(CpuAbsence{1, at(300)});
  idle.on(from_to(1, 520, 0, 7));
  idle.on(CpuAbsence{70'000, at(300)});
  const CpuIdleTime time = idle.window(1, at(0), at(520));
  EXPECT_EQ(time.offline, Duration{0});
  EXPECT_EQ(time.unknown, Duration{420});
  EXPECT_EQ(idle.stats().refused_cpus, 1U);
  expect_sound(time);
}

TEST(IdleAccounting, AbsencesAreBoundedToo) {
  IdleAccounting idle({.spans_per_cpu = 4});
  for (std::uint64_t time = 1; time <= 100; ++time)
    idle.on(CpuAbsence{1, at(time)});
  EXPECT_EQ(idle.stats().forgotten, 96U);
}

TEST(IdleAccounting, MemoryIsBounded) {
  IdleAccounting idle({.spans_per_cpu = 10, .names = 1});
  idle.recorded_from(at(0));
  for (std::uint64_t i = 1; i <= 100; ++i)
    idle.on(from_to(0, i * 10, i % 2 == 1 ? 7 : 8, i % 2 == 1 ? 8 : 7));
  EXPECT_EQ(idle.stats().forgotten, 90U);
  EXPECT_TRUE(idle.window(0, at(910), at(1000)).complete());
  EXPECT_FALSE(idle.window(0, at(909), at(1000)).complete());
  EXPECT_EQ(idle.window(0, at(0), at(1000)).unknown, Duration{910});
  // The second name found no room.
  const CpuIdleTime time = idle.window(0, at(910), at(1000));
  ASSERT_EQ(time.tasks.size(), 2U);
  EXPECT_NE(time.tasks[0].comm.empty(), time.tasks[1].comm.empty());
  idle.on(from_to(70'000, 1, 0, 7));
  idle.on(Loss{.cpu = 70'000, .events = {}});
  EXPECT_EQ(idle.stats().refused_cpus, 2U);
  EXPECT_THAT(idle.cpus(), ElementsAre(0U));
}

TEST(IdleAccounting, MemoryIsBoundedWhateverIsLost) {
  constexpr std::size_t kSpans = 10;
  IdleAccounting losses({.spans_per_cpu = kSpans});
  IdleAccounting contradictions({.spans_per_cpu = kSpans});
  for (std::uint64_t time = 1; time < 1000; time += 4) {
    // The second sighting begins nothing, and the loss is after it.
    losses.on(TaskSighting{0, at(time), 7});
    losses.on(TaskSighting{0, at(time + 1), 7});
    losses.on(Loss{.cpu = 0, .events = {}});
    EXPECT_LE(losses.spans(0), kSpans);
    contradictions.on(TaskSighting{0, at(time), 7});
    contradictions.on(TaskSighting{0, at(time + 1), 7});
    contradictions.on(TaskSighting{0, at(time + 2), 8});
    EXPECT_LE(contradictions.spans(0), kSpans);
  }
  EXPECT_EQ(losses.spans(0), kSpans);
  EXPECT_GT(losses.stats().forgotten, 100U);
  EXPECT_EQ(losses.spans(1), 0U);
  expect_sound(losses.window(0, at(0), at(2000)));
  expect_sound(contradictions.window(0, at(0), at(2000)));
}

TEST(IdleAccounting, AWindowIsNoLongerThanADurationCanBe) {
  constexpr std::uint64_t kHalf = std::uint64_t{1} << 63U;
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  IdleAccounting idle;
  idle.recorded_from(at(0));
  for (const std::uint64_t time : {std::uint64_t{1}, kHalf - 1, kHalf + 1, kMost - 1})
    idle.on(from_to(0, time, time == 1 ? 7 : 0, 0));
  idle.recorded_to(at(kMost));
  for (const std::uint64_t from : {std::uint64_t{0}, std::uint64_t{5}, kHalf - 1, kHalf, kMost - 3}) {
    const CpuIdleTime time = idle.window(0, at(from), at(kMost));
    EXPECT_EQ(time.to, at(from < kHalf ? from + kHalf - 1 : kMost)) << from;
    EXPECT_GT(time.to - time.from, Duration{0}) << from;
    EXPECT_GE(time.idle, Duration{0}) << from;
    EXPECT_EQ(time.idle + time.busy, time.to - time.from) << from;
    expect_sound(time);
  }
  EXPECT_EQ(idle.window(3, at(0), at(kMost)).unknown, Duration{std::numeric_limits<std::int64_t>::max()});
}

// Against a nanosecond-by-nanosecond model: what each CPU did at each moment.
TEST(IdleAccounting, AgreesWithAModel) {
  std::mt19937 random(20261123);
  const auto below = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
  for (int round = 0; round < 200; ++round) {
    constexpr std::uint64_t kEnd = 600;
    IdleAccounting idle;
    idle.recorded_from(at(0));
    struct Moment {
      std::int32_t pid;  // -1: not known
      bool irq;
    };
    std::vector<Moment> model(kEnd);
    Moment now{static_cast<std::int32_t>(below(3)), false};
    std::uint64_t time = 0;
    std::uint64_t filled = 0;
    const auto fill = [&](std::uint64_t to, Moment what) {
      for (; filled < to; ++filled)
        model[filled] = what;
    };
    while ((time += 1 + below(30)) < kEnd) {
      fill(time, now);
      const std::uint32_t what = below(10);
      if (what < 5 && !now.irq) {
        const auto next = static_cast<std::int32_t>(below(3));
        idle.on(from_to(0, time, now.pid, next));
        now.pid = next;
      } else if (what < 9) {
        now.irq = !now.irq;
        idle.on(irq(0, time, kHard, now.irq, now.pid));
      } else {
        idle.on(TaskSighting{0, at(time), now.pid});
      }
    }
    fill(kEnd, now);
    idle.recorded_to(at(kEnd));
    if (idle.cpus().empty())
      continue;
    EXPECT_EQ(idle.stats().contradictions + idle.stats().unmatched + idle.stats().out_of_order, 0U);
    for (int window = 0; window < 20; ++window) {
      const std::uint64_t from = below(kEnd);
      const std::uint64_t to = from + below(static_cast<std::uint32_t>(kEnd - from) + 1);
      CpuIdleTime want{};
      for (std::uint64_t i = from; i < to; ++i) {
        Duration& part = model[i].irq        ? (model[i].pid == 0 ? want.interrupts_in_idle : want.interrupts_in_busy)
                         : model[i].pid == 0 ? want.idle
                                             : want.busy;
        part += Duration{1};
      }
      const CpuIdleTime got = idle.window(0, at(from), at(to));
      EXPECT_EQ(got.idle, want.idle);
      EXPECT_EQ(got.busy, want.busy);
      EXPECT_EQ(got.interrupts_in_idle, want.interrupts_in_idle);
      EXPECT_EQ(got.interrupts_in_busy, want.interrupts_in_busy);
      EXPECT_TRUE(got.complete());
      expect_sound(got);
    }
  }
}

}  // namespace
}  // namespace fathom
