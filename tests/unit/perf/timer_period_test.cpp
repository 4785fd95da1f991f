#include <fathom/base/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <perf/timer_event.hpp>
#include <perf/timer_period.hpp>
#include <string>

namespace fathom::perf {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// A /proc with this limit in it, or none.
class Proc {
 public:
  explicit Proc(std::optional<std::uint64_t> limit)
      : path_(std::filesystem::temp_directory_path() / ("fathom_timer_period_test." + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_ / "sys/kernel");
    if (limit)
      std::ofstream(path_ / "sys/kernel/perf_event_max_sample_rate") << *limit << '\n';
  }
  ~Proc() { std::filesystem::remove_all(path_); }
  Proc(const Proc&) = delete;
  Proc& operator=(const Proc&) = delete;

  [[nodiscard]] std::string path() const { return path_; }

 private:
  std::filesystem::path path_;
};

TEST(TimerPeriod, IsThatOfTheKernel) {
  const Proc proc(100'000);
  const struct {
    TimerRate rate;
    Duration period;
  } cases[] = {
      {.rate = Hz{1}, .period = 1s},
      {.rate = Hz{99}, .period = 10'101'010ns},
      {.rate = Hz{999}, .period = 1'001'001ns},
      {.rate = Hz{1000}, .period = 1ms},
      {.rate = Hz{100'000}, .period = 10us},
      {.rate = Duration(10us), .period = 10us},
      {.rate = 12345ns, .period = 12'345ns},
      {.rate = Duration(24h * 365), .period = 24h * 365},
  };
  for (const auto& [rate, period] : cases)
    EXPECT_EQ(timer_period(rate, proc.path()), period);
}

TEST(TimerPeriod, WhatCannotBeIsRefusedAndTheBoundNamed) {
  const struct {
    TimerRate rate;
    std::optional<std::uint64_t> limit;
    const char* said;
  } cases[] = {
      {.rate = Hz{0}, .limit = 100'000, .said = "0 ticks a second"},
      {.rate = 9999ns, .limit = 100'000, .said = "at least 10 microseconds"},
      {.rate = Duration(0), .limit = {}, .said = "at least 10 microseconds"},
      {.rate = Duration(-1ms), .limit = {}, .said = "a tick each -1000000 ns"},
      {.rate = Duration(24h * 366), .limit = {}, .said = "at most 365 days"},
      {.rate = Hz{100'001}, .limit = {}, .said = "at least 10 microseconds"},
      {.rate = Hz{200'000}, .limit = 1'000'000, .said = "at least 10 microseconds"},
      {.rate = Hz{1001}, .limit = 1000, .said = "kernel.perf_event_max_sample_rate is 1000"},
      {.rate = 999999ns, .limit = 1000, .said = "kernel.perf_event_max_sample_rate is 1000"},
      {.rate = Hz{1}, .limit = 0, .said = "kernel.perf_event_max_sample_rate is 0"},
  };
  for (const auto& [rate, limit, said] : cases) {
    const Proc proc(limit);
    try {
      (void)timer_period(rate, proc.path());
      ADD_FAILURE() << "was taken: " << said;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), std::errc::invalid_argument);
      EXPECT_THAT(error.what(), HasSubstr(said));
    }
  }
}

TEST(TimerPeriod, WithoutTheFileTheKernelsFloorIsAllThatBounds) {
  const Proc proc(std::nullopt);
  EXPECT_EQ(read_max_sample_rate(proc.path()), std::nullopt);
  EXPECT_EQ(timer_period(Hz{100'000}, proc.path()), 10us);
}

TEST(TimerSlots, OneThatHasBegunIsNotOver) {
  const struct {
    Duration age;
    std::uint64_t begun, over;
  } cases[] = {
      {.age = -1ns, .begun = 0, .over = 0},  {.age = 0ns, .begun = 0, .over = 0},
      {.age = 999us, .begun = 0, .over = 0}, {.age = 1ms, .begun = 1, .over = 0},
      {.age = 2ms, .begun = 2, .over = 1},   {.age = 10'999us, .begun = 10, .over = 9},
  };
  for (const auto& [age, begun, over] : cases) {
    const Slots slots = slots_in(age, 1ms);
    EXPECT_EQ(slots.begun, begun) << age.count();
    EXPECT_EQ(slots.over, over) << age.count();
  }
}

}  // namespace
}  // namespace fathom::perf
