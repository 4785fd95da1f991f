// The program ticker on the kernel at hand: its check of itself, what it prints, how it ends.

#include "program_run.hpp"
#include "root_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <csignal>
#include <numeric>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace fathom {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using test::ProgramRun;
using test::Ran;
using test::RootTest;
using test::run_to_end;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

Ran ticker(std::vector<std::string> arguments) {
  return run_to_end(FATHOM_TEST_TICKER, std::move(arguments));
}

class Ticker : public RootTest {};

TEST(TickerCommandLine, WrongUsageIsTwo) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"-F"},
                                                    {"-F", "0"},
                                                    {"-F", "x"},
                                                    {"-F", "9", "--period", "9"},
                                                    {"-c", "a"},
                                                    {"-p", "0"},
                                                    {"-p", "1", "-c", "0"},
                                                    {"-d", "0"},
                                                    {"-d", "nan"},
                                                    {"word"},
                                                    {"--check", "-p", "1"}}) {
    const Ran ran = ticker(arguments);
    EXPECT_EQ(ran.status, 2) << arguments[0];
    EXPECT_THAT(ran.err, StartsWith("ticker: "));
    EXPECT_THAT(ran.out, IsEmpty());
  }
}

TEST_F(Ticker, WhatCannotBeIsSaid) {
  const Ran fast = ticker({"--wake", "--period", "5", "-d", "1"});
  EXPECT_EQ(fast.status, 1);
  EXPECT_THAT(fast.err, HasSubstr("at least 10 microseconds"));
  const Ran cpu = ticker({"--wake", "-c", "9999", "-d", "1"});
  EXPECT_EQ(cpu.status, 1);
  EXPECT_THAT(cpu.err, HasSubstr("CPU 9999"));
}

TEST_F(Ticker, ChecksItself) {
  const Ran ran = ticker({"--check", "--json"});
  if (ran.status == 77)
    GTEST_SKIP() << ran.err;
  EXPECT_EQ(ran.status, 0) << ran.err << ran.out;
  const json result = json::parse(ran.out);
  for (const char* const form : {"program", "wake_up"}) {
    const json& one = result[form];
    EXPECT_EQ(one["agree"], true);
    EXPECT_EQ(one["period_ns"], 10'101'010);
    EXPECT_EQ(one["expected"].get<int>(), one["delivered"].get<int>() + one["skipped"].get<int>());
    EXPECT_EQ(one["recorded"], one["delivered"]);
    EXPECT_GE(one["expected"].get<int>(), 190);
  }
}

TEST_F(Ticker, TellsOfACpuUntilTheTimeIsOver) {
  const Ran text = ticker({"--wake", "-F", "200", "-c", "0", "-d", "0.5"});
  EXPECT_EQ(text.status, 0) << text.err;
  EXPECT_THAT(text.out, StartsWith("asked 200.0 Hz (5000000 ns), 0.5"));
  EXPECT_THAT(text.out, HasSubstr("late by, us"));
  const Ran ran = ticker({"--wake", "--period", "5000", "-c", "0", "-d", "0.5", "--json"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  const json result = json::parse(ran.out);
  ASSERT_EQ(result["cpus"].size(), 1U);
  EXPECT_EQ(result["cpus"][0]["cpu"], 0);
  EXPECT_EQ(result["cpus"][0]["ticks"], result["delivered"]);
  EXPECT_LE(result["cpus"][0]["late_ns"]["p50"], result["cpus"][0]["late_ns"]["max"]);
  const auto counts = result["late_us_histogram"].get<std::vector<int>>();
  EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), 0), result["delivered"]);
  EXPECT_THAT(ran.err, IsEmpty());
}

TEST_F(Ticker, EndsAtASignal) {
  ProgramRun run({FATHOM_TEST_TICKER, "--wake", "--json"});
  for (int i = 0; i < 200 && run.err().find("Ctrl-C") == std::string::npos && !run.child().try_wait(); ++i)
    std::this_thread::sleep_for(50ms);
  ASSERT_THAT(run.err(), HasSubstr("Ctrl-C"));
  std::this_thread::sleep_for(300ms);
  run.child().kill(SIGINT);
  EXPECT_EQ(run.status(), 0) << run.err();
  EXPECT_GT(json::parse(run.out())["delivered"], 0);
}

TEST_F(Ticker, EndsWithTheProcess) {
  ProgramRun sleeper({"/bin/sh", "-c", "i=0; while [ $i -lt 1000000 ]; do i=$((i+1)); done"});
  const Ran ran = ticker({"--wake", "--json", "-F", "500", "-d", "60", "-p", std::to_string(sleeper.child().pid())});
  EXPECT_EQ(ran.status, 0) << ran.err;
  const json result = json::parse(ran.out);
  EXPECT_LT(result["seconds"], 50);
  EXPECT_EQ(sleeper.status(), 0);
}

}  // namespace
}  // namespace fathom
