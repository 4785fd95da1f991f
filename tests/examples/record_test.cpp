#include "program_run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace fathom::test {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Json = nlohmann::json;
using namespace std::chrono_literals;

std::vector<std::string> with_tracefs(const std::vector<std::string>& arguments) {
  std::vector<std::string> all = {FATHOM_TEST_WITH_TRACEFS, FATHOM_TEST_RECORD};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

class Record : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0)
      GTEST_SKIP() << "needs root";
  }
  TestFolder folder_;
};

TEST(RecordCommandLine, WrongUsageIsTwo) {
  const struct {
    std::vector<std::string> arguments;
    const char* message;
  } cases[] = {
      {{"-e", "sched"}, "give -- COMMAND"},
      {{"--", "true"}, "give -e EVENT or -p TRACER"},
      {{"-e", "sched", "true"}, "put -- before the command"},
      {{"-e", "sched", "--cpu-limit", "0", "--", "true"}, "--cpu-limit"},
      {{"-e", "sched", "--cpu-limit", "101", "--", "true"}, "--cpu-limit"},
      {{"-e", "sched", "--file-version", "5", "--", "true"}, "--file-version"},
      {{"-e", "sched", "--file-version", "6", "--compress", "--", "true"}, "knows no compression"},
      {{"--nope", "--", "true"}, "--nope"},
  };
  for (const auto& c : cases) {
    std::vector<std::string> command = {FATHOM_TEST_RECORD};
    command.insert(command.end(), c.arguments.begin(), c.arguments.end());
    ProgramRun run(command);
    EXPECT_EQ(run.status(), 2) << c.message;
    EXPECT_THAT(run.err(), HasSubstr(c.message));
    EXPECT_THAT(run.out(), IsEmpty());
  }
}

// What was recorded is what report finds, and the same as trace-cmd finds where that is installed.
TEST_F(Record, WhatIsRecordedIsReported) {
  for (const std::vector<std::string>& how : {std::vector<std::string>{"--file-version", "6"},
                                              {"--file-version", "7"},
                                              {"--compress"},
                                              {"--cpu-limit", "20", "--buffer-size", "256"}}) {
    const std::string file = folder_.path("trace.dat").string();
    std::vector<std::string> arguments = {"-e", "raw_syscalls", "-e", "sched:sched_switch", "-o", file, "--json"};
    arguments.insert(arguments.end(), how.begin(), how.end());
    arguments.insert(arguments.end(), {"--", "sh", "-c", "ls / >/dev/null; exit 5"});
    ProgramRun run(with_tracefs(arguments));
    ASSERT_EQ(run.status(), 5) << run.err();
    const Json recorded = Json::parse(run.out());
    EXPECT_GT(recorded["events"], 20U);
    EXPECT_EQ(recorded["lost"], 0U);

    ProgramRun report({FATHOM_TEST_REPORT, "-q", file});
    ASSERT_EQ(report.status(), 0) << report.err();
    EXPECT_THAT(report.err(), IsEmpty());
    const std::string text = report.out();
    EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(text, '\n')), recorded["events"].get<std::size_t>() + 1);
    EXPECT_THAT(text, HasSubstr("sys_enter:            NR "));

    ProgramRun trace_cmd({"sh", "-c", "command -v trace-cmd >/dev/null || exit 88; trace-cmd report -i " + file});
    if (trace_cmd.status() != 88) {
      EXPECT_EQ(trace_cmd.out(), text);
    }
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path("")), {}), 1);  // no pages stay beside it
  }
}

TEST_F(Record, KeepsThePagesThatDoNotBecomeAFile) {
  const std::string file = folder_.path("trace.dat").string();
  std::filesystem::create_symlink("/dev/full", file);
  ProgramRun run(with_tracefs({"-q", "-e", "raw_syscalls", "-o", file, "--", "ls", "/"}));
  EXPECT_EQ(run.status(), 1);
  EXPECT_THAT(run.err(), ContainsRegex("the pages that were recorded stay in " + file + R"(\.[0-9]+\.cpu)"));
  EXPECT_THAT(run.err(), HasSubstr("cannot write the trace.dat"));
  EXPECT_GT(std::distance(std::filesystem::directory_iterator(folder_.path("")), {}), 1);
}

TEST_F(Record, AFilterIsTheKernels) {
  const std::string file = folder_.path("trace.dat").string();
  ProgramRun run(with_tracefs({"-e", "raw_syscalls:sys_enter:id == 1", "-o", file, "-q", "--", "echo", "hello"}));
  ASSERT_EQ(run.status(), 0) << run.err();
  EXPECT_EQ(run.out(), "hello\n");
  EXPECT_THAT(run.err(), IsEmpty());
  ProgramRun report({FATHOM_TEST_REPORT, "-q", file});
  EXPECT_EQ(report.status(), 0);
  EXPECT_THAT(report.out(), HasSubstr("sys_enter:            NR 1 ("));
  ProgramRun bad(with_tracefs({"-e", "raw_syscalls:sys_enter:nope == 1", "-o", file, "--", "true"}));
  EXPECT_EQ(bad.status(), 1);
  EXPECT_THAT(bad.err(), HasSubstr("record: cannot"));
}

TEST_F(Record, SaysWhatIsWrong) {
  const std::string file = folder_.path("trace.dat").string();
  ProgramRun event(with_tracefs({"-e", "sched:sched_swich", "-o", file, "--", "true"}));
  EXPECT_EQ(event.status(), 1);
  EXPECT_THAT(event.err(), HasSubstr("record: cannot find the event sched:sched_swich"));
  ProgramRun tracer(with_tracefs({"-p", "no_such_tracer", "-o", file, "--", "true"}));
  EXPECT_EQ(tracer.status(), 77);
  ProgramRun command(with_tracefs({"-e", "sched", "-o", file, "--", "/no/such"}));
  EXPECT_EQ(command.status(), 127);
  ProgramRun folder(with_tracefs({"-e", "sched", "-o", "/no/such/trace.dat", "--", "true"}));
  EXPECT_EQ(folder.status(), 1);
  EXPECT_THAT(folder.err(), HasSubstr("/no/such/trace.dat"));
}

TEST_F(Record, ASignalEndsTheRecordingAndTheCommand) {
  const std::string file = folder_.path("trace.dat").string();
  const std::string begun = folder_.path("begun").string();
  ProgramRun run(with_tracefs({"-e", "sched", "-o", file, "--", "sh", "-c", "touch " + begun + "; exec sleep 60"}));
  for (int i = 0; i < 200 && !std::filesystem::exists(begun); ++i)
    std::this_thread::sleep_for(50ms);
  ASSERT_TRUE(std::filesystem::exists(begun)) << run.err();
  run.child().kill(SIGINT);
  EXPECT_EQ(run.status(), 128 + SIGINT) << run.err();
  ProgramRun report({FATHOM_TEST_REPORT, "-q", file});
  EXPECT_EQ(report.status(), 0);
  EXPECT_THAT(report.out(), HasSubstr("sched_switch:"));
}

}  // namespace
}  // namespace fathom::test
