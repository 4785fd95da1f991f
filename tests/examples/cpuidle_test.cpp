// The program cpuidle on the kernel at hand: what it prints, how it ends.

#include "program_run.hpp"
#include "root_test.hpp"

#include <fathom/base/cpu_set.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <sstream>
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

Ran cpuidle(std::vector<std::string> arguments) {
  return run_to_end(FATHOM_TEST_CPUIDLE, std::move(arguments));
}

class CpuIdle : public RootTest {};

TEST(CpuIdleCommandLine, WrongUsageIsTwo) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"-d"},
                                                    {"-d", "0"},
                                                    {"-i", "x"},
                                                    {"--load", "101"},
                                                    {"--check", "--load", "5"},
                                                    {"--check", "-i", "5"},
                                                    {"word"}}) {
    const Ran ran = cpuidle(arguments);
    EXPECT_EQ(ran.status, 2) << arguments[0];
    EXPECT_THAT(ran.err, StartsWith("cpuidle: "));
    EXPECT_THAT(ran.out, IsEmpty());
  }
  EXPECT_EQ(cpuidle({"--help"}).status, 0);
}

TEST_F(CpuIdle, JsonAddsUp) {
  const Ran ran = cpuidle({"--json", "-d", "2", "--load", "30", "-t", "1000"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  std::istringstream lines(ran.out);
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const json cpu = json::parse(line);
    const json& by = cpu.at("switches");
    EXPECT_EQ(by.at("idle_ns").get<std::int64_t>() + by.at("busy_ns").get<std::int64_t>() +
                  by.at("interrupts_in_idle_ns").get<std::int64_t>() +
                  by.at("interrupts_in_busy_ns").get<std::int64_t>() + by.at("unknown_ns").get<std::int64_t>(),
              by.at("window_ns").get<std::int64_t>());
    EXPECT_FALSE(by.at("tasks").empty());
    EXPECT_LE(by.at("tasks").at(0).at("time_ns").get<std::int64_t>(),
              by.at("window_ns").get<std::int64_t>() + 200'000'000);
    // Absent where this kernel kept switches to itself.
    EXPECT_EQ(cpu.contains("idle_by_switches"),
              by.at("unknown_ns").get<std::int64_t>() * 100 <= by.at("window_ns").get<std::int64_t>());
    EXPECT_LE(cpu.at("idle_by_proc_stat").get<double>(), 1);
    EXPECT_GT(cpu.at("samples").at("slots").get<int>(), 150);
  }
  EXPECT_EQ(count, 2 * CpuSet::online().size());
}

TEST_F(CpuIdle, TextHasALineForEachCpu) {
  const Ran ran = cpuidle({"-d", "1"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(ran.out, StartsWith(" CPU SWITCHES  SAMPLES /PROC/STAT"));
  EXPECT_EQ(std::count(ran.out.begin(), ran.out.end(), '\n'), 1 + static_cast<int>(CpuSet::online().size()));
}

TEST_F(CpuIdle, EndsAtASignal) {
  ProgramRun run({FATHOM_TEST_CPUIDLE, "-i", "3600"});
  for (int tries = 0; run.out().empty() && tries < 100; ++tries)
    std::this_thread::sleep_for(100ms);
  std::this_thread::sleep_for(500ms);
  ASSERT_EQ(::kill(run.child().pid(), SIGINT), 0);
  EXPECT_EQ(run.status(), 0) << run.err();
}

TEST_F(CpuIdle, ChecksItself) {
  const Ran ran = cpuidle({"--check", "-d", "5"});
  EXPECT_EQ(ran.status, 0) << ran.err << ran.out;
}

}  // namespace
}  // namespace fathom
