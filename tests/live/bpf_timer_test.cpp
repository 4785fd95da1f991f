#include "attach_errors.hpp"
#include "bpf_support.hpp"

#include <fathom/base/cpu_set.hpp>
#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/bpf_object.hpp>
#include <fathom/bpf/bpf_timer.hpp>

#include <gmock/gmock.h>

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fathom-bpf/timers.bpf.hpp>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using fathom::BpfCause;
using fathom::BpfError;
using fathom::BpfObject;
using fathom::BpfTimer;
using fathom::LoadedBpf;
using fathom::TimerTicks;
using fathom::live::error_of;
using std::chrono::steady_clock;
using testing::HasSubstr;

using Seen = struct timers::seen;

class BpfTimerLive : public fathom::live::BpfTest {
 protected:
  void SetUp() override {
    BpfTest::SetUp();
    try {
      bpf_ = BpfObject::open(timers::object).load();
    } catch (const BpfError& error) {
      if (error.cause() != BpfCause::unsupported)
        throw;
      GTEST_SKIP() << "unsupported: " << error.hint();
    }
  }
  void TearDown() override {
    bpf_.reset();
    BpfTest::TearDown();
  }

  [[nodiscard]] const LoadedBpf& bpf() const { return *bpf_; }
  [[nodiscard]] const volatile Seen& fast() const { return bpf().variable(timers::fast_seen).get(); }
  [[nodiscard]] const volatile Seen& slow() const { return bpf().variable(timers::slow_seen).get(); }

  // The function is told the period too, by which it judges its ticks.
  [[nodiscard]] BpfTimer fast_timer(fathom::Duration period, std::optional<unsigned> cpu = {}) const {
    bpf().variable(timers::fast_seen).get().period = static_cast<std::uint64_t>(period.count());
    return {bpf(), timers::fast, {.period = period, .cpu = cpu}};
  }
  [[nodiscard]] BpfTimer slow_timer(fathom::Duration period) const {
    bpf().variable(timers::slow_seen).get().period = static_cast<std::uint64_t>(period.count());
    return {bpf(), "slow", {.period = period}};
  }

 private:
  std::optional<LoadedBpf> bpf_;
};

// Ends the timer and checks its account: against itself, against the function's own, and against this side's clock.
TimerTicks stop_and_check(BpfTimer& timer, const volatile Seen& seen, steady_clock::time_point before,
                          steady_clock::time_point started, std::uint64_t calls_before = 0) {
  const auto stopping = steady_clock::now();
  timer.stop();
  const auto stopped = steady_clock::now();
  const TimerTicks ticks = timer.ticks();
  EXPECT_EQ(ticks.delivered + ticks.skipped, ticks.expected);
  EXPECT_EQ(seen.calls - calls_before, ticks.delivered);
  EXPECT_EQ(seen.off_grid, 0U);
  EXPECT_EQ(seen.out_of_order, 0U);
  EXPECT_GE(ticks.expected, static_cast<std::uint64_t>((stopping - started) / timer.period()));
  EXPECT_LE(ticks.expected, static_cast<std::uint64_t>((stopped - before) / timer.period()));
  return ticks;
}

}  // namespace

class BpfTimerAt : public BpfTimerLive, public testing::WithParamInterface<unsigned> {};
INSTANTIATE_TEST_SUITE_P(Hertz, BpfTimerAt, testing::Values(100U, 1000U), testing::PrintToStringParamName());

TEST_P(BpfTimerAt, KeepsItsGrid) {
  BpfTimer timer = fast_timer(std::chrono::nanoseconds(1s) / GetParam());
  const auto before = steady_clock::now();
  timer.start();
  const auto started = steady_clock::now();
  EXPECT_TRUE(timer.running());
  while (steady_clock::now() < started + 3s) {
    std::this_thread::sleep_for(97ms);
    const TimerTicks now = timer.ticks();
    EXPECT_GE(now.expected + 1, now.delivered + now.skipped);
  }
  const TimerTicks ticks = stop_and_check(timer, fast(), before, started);
  RecordProperty("expected", std::to_string(ticks.expected));
  RecordProperty("skipped", std::to_string(ticks.skipped));
  // A machine that has other things to do skips, an emulated one much; a timer that does not work gives nothing.
  EXPECT_GT(ticks.delivered, ticks.expected / 2);

  // One that drifts is later with every tick: half of the last fifty would be late by hundreds of ticks' delays.
  std::vector<std::uint64_t> late;
  for (std::uint64_t i = ticks.delivered - 50; i < ticks.delivered; ++i)
    late.push_back(std::uint64_t{fast().late[i]});
  std::ranges::nth_element(late, late.begin() + 25);
  RecordProperty("median_late_ns", std::to_string(late[25]));
  EXPECT_LT(late[25], static_cast<std::uint64_t>(timer.period().count()) / 2);
}

TEST_F(BpfTimerLive, StopEndsItAndStartBeginsAgain) {
  BpfTimer timer = fast_timer(2ms);
  EXPECT_EQ(timer.name(), "fast");
  EXPECT_EQ(timer.period(), 2ms);
  EXPECT_FALSE(timer.running());
  EXPECT_EQ(timer.ticks(), TimerTicks());
  timer.stop();
  std::uint64_t calls = 0;
  for (unsigned round = 0; round < 3; ++round) {
    bpf().variable(timers::fast_seen).get().last_slot = 0;
    const auto before = steady_clock::now();
    timer.start();
    timer.start();
    const auto started = steady_clock::now();
    std::this_thread::sleep_for(100ms);
    const TimerTicks ticks = stop_and_check(timer, fast(), before, started, calls);
    EXPECT_GT(ticks.delivered, 10U);
    EXPECT_FALSE(timer.running());
    timer.stop();
    calls = fast().calls;
    std::this_thread::sleep_for(50ms);
    EXPECT_EQ(fast().calls, calls);
    EXPECT_EQ(timer.ticks(), ticks);
  }
}

TEST_F(BpfTimerLive, SlotsThatACallOutlivesAreSkipped) {
  BpfTimer timer = fast_timer(100us);
  bpf().variable(timers::rounds).store(30'000);
  const auto before = steady_clock::now();
  timer.start();
  const auto started = steady_clock::now();
  std::this_thread::sleep_for(500ms);
  const TimerTicks ticks = stop_and_check(timer, fast(), before, started);
  EXPECT_GT(ticks.delivered, 1U);
  EXPECT_GT(ticks.skipped, ticks.delivered);
  bpf().variable(timers::rounds).store(0);
}

TEST_F(BpfTimerLive, TwoTickBesideEachOther) {
  BpfTimer first = fast_timer(3ms);
  BpfTimer second = slow_timer(20ms);
  const auto before = steady_clock::now();
  first.start();
  second.start();
  const auto started = steady_clock::now();
  std::this_thread::sleep_for(600ms);
  const TimerTicks of_first = stop_and_check(first, fast(), before, started);
  const std::uint64_t calls = slow().calls;
  std::this_thread::sleep_for(200ms);
  EXPECT_GT(slow().calls, calls);
  const TimerTicks of_second = stop_and_check(second, slow(), before, started);
  EXPECT_GT(of_first.delivered, of_second.delivered);
  EXPECT_EQ(fast().calls, of_first.delivered);
}

TEST_F(BpfTimerLive, DestroyingItStopsIt) {
  {
    BpfTimer timer = fast_timer(1ms);
    timer.start();
    BpfTimer moved(std::move(timer));
    EXPECT_TRUE(moved.running());
    std::this_thread::sleep_for(50ms);
    EXPECT_GT(fast().calls, 0U);
    BpfTimer other = slow_timer(1ms);
    other.start();
    other = std::move(moved);  // which ends the one that was there
    const std::uint64_t calls = slow().calls;
    std::this_thread::sleep_for(20ms);
    EXPECT_EQ(slow().calls, calls);
    EXPECT_GT(other.ticks().expected, 20U);
  }
  const std::uint64_t calls = fast().calls;
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(fast().calls, calls);
}

TEST_F(BpfTimerLive, ItKeepsItsObject) {
  std::optional<LoadedBpf> own = BpfObject::open(timers::object).load();
  BpfTimer timer(*own, timers::slow, {.period = 1ms});
  own.reset();
  timer.start();
  std::this_thread::sleep_for(50ms);
  timer.stop();
  EXPECT_GT(timer.ticks().delivered, 5U);
}

TEST_F(BpfTimerLive, AProcessThatEndsLeavesNothing) {
  EXPECT_TRUE(fathom::live::in_child([]() -> bool {
    const LoadedBpf own = BpfObject::open(timers::object).load();
    BpfTimer timer(own, timers::fast, {.period = 1ms});
    timer.start();
    std::this_thread::sleep_for(20ms);
    std::_Exit(timer.ticks().delivered > 0 ? 0 : 1);
  }));
}

TEST_F(BpfTimerLive, OfOneTimerOneRuns) {
  BpfTimer first = fast_timer(1ms);
  first.start();
  {
    BpfTimer second = fast_timer(1ms);
    const BpfError error = error_of([&] { second.start(); });
    EXPECT_EQ(error.code(), std::errc::device_or_resource_busy);
    EXPECT_THAT(error.hint(), HasSubstr("another BpfTimer"));
    EXPECT_FALSE(second.running());
  }
  const std::uint64_t calls = fast().calls;
  std::this_thread::sleep_for(50ms);
  EXPECT_GT(fast().calls, calls);
}

TEST_F(BpfTimerLive, TicksOnTheCpuOfChoice) {
  cpu_set_t mine{};
  ASSERT_EQ(::sched_getaffinity(0, sizeof mine, &mine), 0);
  for (const unsigned cpu : fathom::CpuSet::online().cpus()) {
    {
      BpfTimer timer = fast_timer(1ms, cpu);
      try {
        timer.start();
      } catch (const BpfError& error) {
        ASSERT_EQ(error.cause(), BpfCause::unsupported) << error.what();
        GTEST_SKIP() << "unsupported: " << error.hint();
      }
      std::this_thread::sleep_for(200ms);
      timer.stop();
      EXPECT_GT(timer.ticks().delivered, 10U);
      EXPECT_EQ(fast().calls, timer.ticks().delivered);
      EXPECT_EQ(fast().cpu, cpu);
      EXPECT_EQ(fast().other_cpu, 0U);
    }
    bpf().variable(timers::fast_seen).get() = {};
  }
  cpu_set_t after{};
  ASSERT_EQ(::sched_getaffinity(0, sizeof after, &after), 0);
  EXPECT_NE(CPU_EQUAL(&mine, &after), 0);

  BpfTimer nowhere = fast_timer(1ms, 65'000);
  const BpfError error = error_of([&] { nowhere.start(); });
  EXPECT_EQ(error.cause(), BpfCause::bad_attach_target);
  EXPECT_THAT(error.what(), HasSubstr("CPU 65000"));
}

TEST_F(BpfTimerLive, WhatCannotBeIsRefused) {
  const auto make = [&](std::string_view name, fathom::Duration period) {
    return error_of([&] { const BpfTimer timer(bpf(), name, {.period = period}); });
  };
  for (const fathom::Duration period : {fathom::Duration(0), fathom::Duration(-1), fathom::Duration(9'999),
                                        fathom::Duration(24h * 365) + 1ns, fathom::Duration::max()}) {
    const BpfError error = make("fast", period);
    EXPECT_EQ(error.code(), std::errc::invalid_argument);
    EXPECT_THAT(error.hint(), HasSubstr("a period of " + std::to_string(period.count()) + " ns"));
  }
  EXPECT_EQ(make("fasd", 1ms).cause(), BpfCause::bad_object);
  EXPECT_THAT(make("fasd", 1ms).hint(), HasSubstr("fast"));
  EXPECT_EQ(make(".bss", 1ms).cause(), BpfCause::bad_object);
}
