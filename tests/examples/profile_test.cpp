// The programs profile and offcpu on the kernel at hand: their checks of themselves, what they print, how they end.

#include "program_run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

namespace fathom {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using test::ProgramRun;
using test::Ran;
using test::run_to_end;
using testing::AnyOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

const std::vector<std::string>& programs() {
  static const std::vector<std::string> all = {FATHOM_TEST_PROFILE, FATHOM_TEST_OFFCPU};
  return all;
}

TEST(StacksCommandLine, WrongUsageIsTwo) {
  for (const std::string& program : programs()) {
    for (const std::vector<std::string>& arguments : {std::vector<std::string>{"-p"},
                                                      {"-p", "0"},
                                                      {"word"},
                                                      {"--nope"},
                                                      {"-p", "1", "--", "true"},
                                                      {"--check", "-p", "1"},
                                                      {"--table", "--json"},
                                                      {"--kernel-only", "--user-only"},
                                                      {"-d", "-1"},
                                                      {"-d", "nan"},
                                                      {"--"}}) {
      const Ran ran = run_to_end(program, arguments);
      EXPECT_EQ(ran.status, 2) << program << ' ' << arguments[0];
      EXPECT_THAT(ran.out, IsEmpty());
    }
    EXPECT_EQ(run_to_end(program, {"--help"}).status, 0);
  }
  EXPECT_EQ(run_to_end(FATHOM_TEST_PROFILE, {"-F", "0"}).status, 2);
}

class Stacks : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (::geteuid() != 0)
      GTEST_SKIP() << "needs root";
    if (run_to_end(GetParam(), {"-q", "--", "true"}).status == 77)
      GTEST_SKIP() << "this kernel lacks BPF or its own BTF";
  }
};

TEST_P(Stacks, ChecksItself) {
  const Ran ran = run_to_end(GetParam(), {"--check", "--json"});
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_EQ(json::parse(ran.out)["adds_up"], true);
  EXPECT_THAT(ran.err, IsEmpty());
}

TEST_P(Stacks, OfACommandInThreeFormats) {
  const std::vector<std::string> command = {"--", "sh", "-c",
                                            "sleep 0.1; i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"};
  const auto with = [&](std::vector<std::string> options) {
    options.insert(options.end(), command.begin(), command.end());
    return run_to_end(GetParam(), options);
  };
  const Ran folded = with({});
  EXPECT_EQ(folded.status, 0) << folded.err;
  EXPECT_THAT(folded.out, ContainsRegex("(^|\n)sh;[^\n]+ [0-9]+\n"));
  EXPECT_THAT(folded.err, HasSubstr(" s"));

  const Ran table = with({"--table", "--top", "3", "-q"});
  EXPECT_EQ(table.status, 0) << table.err;
  EXPECT_THAT(table.out, AnyOf(StartsWith("  SELF %  TOTAL %"), StartsWith(" TOTAL %     TOTAL ms")));
  EXPECT_THAT(table.err, IsEmpty());

  const Ran as_json = with({"--json", "-q"});
  EXPECT_EQ(as_json.status, 0) << as_json.err;
  const json result = json::parse(as_json.out);
  const json& counts = result["counts"];
  std::uint64_t sum = 0;
  for (const json& stack : result["stacks"])
    sum += stack["count"].get<std::uint64_t>();
  EXPECT_EQ(counts["samples"], sum);
  EXPECT_EQ(counts["seen"].get<std::uint64_t>(), sum + counts["idle"].get<std::uint64_t>() +
                                                     counts["lost"].get<std::uint64_t>() +
                                                     counts["no_room"].get<std::uint64_t>());
}

// Of who sleeps, by name in three formats: usleep() and its like sleep interruptibly, and may be frozen.
TEST(OffCpu, StatesAreSaidAsTheKernelSpellsThem) {
  if (::geteuid() != 0)
    GTEST_SKIP() << "needs root";
  const std::vector<std::string> command = {"-q", "--", "sleep", "0.2"};
  const auto with = [&](std::vector<std::string> options) {
    options.insert(options.end(), command.begin(), command.end());
    return run_to_end(FATHOM_TEST_OFFCPU, options);
  };
  const Ran folded = with({"--states"});
  if (folded.status == 77)
    GTEST_SKIP() << "this kernel lacks BPF or its own BTF";
  EXPECT_EQ(folded.status, 0) << folded.err;
  EXPECT_THAT(folded.out, ContainsRegex("(^|\n)sleep;[^\n]+;\\[S \\(sleeping\\)\\] [0-9]{6,}\n"));
  EXPECT_THAT(with({}).out, Not(HasSubstr("sleeping")));
  EXPECT_THAT(with({"--table"}).out, ContainsRegex("\n +[0-9]+ +[0-9.]+  S \\(sleeping\\) +TASK_INTERRUPTIBLE"));

  const json result = json::parse(with({"--json"}).out);
  bool slept = false;
  for (const json& stack : result.at("stacks")) {
    EXPECT_THAT(stack.at("frames").back().get<std::string>(), Not(HasSubstr("sleeping")));
    slept = slept || (stack.at("state") == "S (sleeping)" && stack.at("nanoseconds") >= 150'000'000);
  }
  EXPECT_TRUE(slept) << result.dump();
  std::uint64_t sum = 0;
  for (const json& state : result.at("states"))
    sum += state.at("count").get<std::uint64_t>();
  EXPECT_EQ(sum, result.at("counts").at("samples"));
  EXPECT_THAT(result.at("states").at(0).at("bits").get<std::string>(), StartsWith("TASK_INTERRUPTIBLE"));
  EXPECT_EQ(run_to_end(FATHOM_TEST_PROFILE, {"--states"}).status, 2);
}

TEST_P(Stacks, WhatCannotBeIsSaid) {
  EXPECT_EQ(run_to_end(GetParam(), {"--", "/nowhere/nothing"}).status, 127);
  const Ran gone = run_to_end(GetParam(), {"-p", "2147483647"});
  EXPECT_EQ(gone.status, 1);
  EXPECT_THAT(gone.err, HasSubstr("2147483647"));
  EXPECT_EQ(run_to_end(GetParam(), {"-o", "/nowhere/file", "--", "true"}).status, 1);
}

TEST_P(Stacks, EndsAfterItsTime) {
  const Ran ran = run_to_end(GetParam(), {"-d", "0.2", "--", "sleep", "60"});
  EXPECT_EQ(ran.status, 0) << ran.err;
}

TEST_P(Stacks, WritesWhatItHasAtASignal) {
  for (const int signal : {SIGINT, SIGTERM}) {
    ProgramRun run({GetParam(), "--json", "--", "sh", "-c", "echo begun >&2; while :; do sleep 0.01; done"});
    for (int i = 0; i < 200 && run.err().find("begun") == std::string::npos && !run.child().try_wait(); ++i)
      std::this_thread::sleep_for(50ms);
    std::this_thread::sleep_for(300ms);
    run.child().kill(signal);
    EXPECT_EQ(run.status(), 0) << run.err();
    EXPECT_GT(json::parse(run.out())["counts"]["samples"], 0) << run.out();
  }
}

INSTANTIATE_TEST_SUITE_P(Programs, Stacks, testing::ValuesIn(programs()),
                         [](const auto& tested) { return tested.param.substr(tested.param.rfind('/') + 1); });

TEST(Profile, AFrequencyOverTheLimitIsRefused) {
  if (::geteuid() != 0)
    GTEST_SKIP() << "needs root";
  const Ran ran = run_to_end(FATHOM_TEST_PROFILE, {"-F", "200000", "--", "true"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.err, HasSubstr("200000 ticks a second"));
}

}  // namespace
}  // namespace fathom
