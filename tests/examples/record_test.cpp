#include "program_run.hpp"
#include "root_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace fathom::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Json = nlohmann::json;
using namespace std::chrono_literals;

std::vector<std::string> with_tracefs(const std::vector<std::string>& arguments) {
  std::vector<std::string> all = {FATHOM_TEST_WITH_TRACEFS, FATHOM_TEST_RECORD};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

class Record : public RootTest {
 protected:
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
      {{"-e", "sched", "--buffer-size", "0", "--", "true"}, "--buffer-size: '0' is no size in KiB"},
      {{"-e", "sched", "-o", "-", "--", "true"}, "it takes a file"},
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

// What was recorded is what report finds, and the same as trace-cmd finds where that is installed. No switch from the
// idle task: where a file begins with one, trace-cmd 3.1.6 has two names for the task that comes, that of the record
// and that of saved_cmdlines, and prints either (libtraceevent's tep_register_comm before its table is sorted).
TEST_F(Record, WhatIsRecordedIsReported) {
  for (const std::vector<std::string>& how : {std::vector<std::string>{"--file-version", "6"},
                                              {"--file-version", "7"},
                                              {"--compress"},
                                              {"--cpu-limit", "20", "--buffer-size", "1M"}}) {
    const std::string file = folder_.path("trace.dat").string();
    std::vector<std::string> arguments = {"-e", "raw_syscalls", "-e",    "sched:sched_switch:prev_pid > 0",
                                          "-o", file,           "--json"};
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

// A script that runs `$record` where tracefs is, in the folder of the test, whose mounts go with it.
std::vector<std::string> script(const TestFolder& folder, const std::string& text) {
  return {FATHOM_TEST_WITH_TRACEFS, "sh", "-c",
          "cd " + folder.path("").string() + "; record=" + FATHOM_TEST_RECORD + "; report=" + FATHOM_TEST_REPORT +
              "; " + text};
}

std::size_t files_in(const TestFolder& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder.path("")), {}));
}

TEST_F(Record, OnADiskThatIsFullThePagesAndTheOldFileStay) {
  ProgramRun run(script(folder_, R"(
    mkdir m && mount -t tmpfs -o size=1m none m && echo old >m/t.dat && echo mine >m/t.dat.cpu0
    $record -q -e raw_syscalls --all -o m/t.dat -- sh -c 'find /usr/share /usr/lib >/dev/null 2>&1; echo done'
    echo $? $(cat m/t.dat m/t.dat.cpu0); ls m | grep -c cpu)"));
  run.status();
  EXPECT_THAT(run.out(), ::testing::StartsWith("done\n1 old mine\n")) << run.err();
  EXPECT_THAT(run.err(), HasSubstr("records no more: cannot move pages into m: No space left on device (make room"));
  EXPECT_THAT(run.err(), HasSubstr("the pages that were recorded stay in m/t.dat.cpu"));
  EXPECT_THAT(run.err(), HasSubstr("cannot write the trace.dat m/t.dat: No space left on device (make room"));
}

TEST_F(Record, TwoOfOneFileDoNotDisturbEachOther) {
  ProgramRun run(script(folder_, R"(
    $record -q -e raw_syscalls -- sh -c 'ls /usr/share >/dev/null; sleep 1' & sleep 0.5
    $record -q -e sched -- sleep 1; echo $?; wait $!; echo $?; $report -q trace.dat | grep -c :)"));
  run.status();
  EXPECT_THAT(run.out(), ::testing::MatchesRegex("0\n0\n[0-9]+\n")) << run.err();
  EXPECT_THAT(run.err(), IsEmpty());
  EXPECT_EQ(files_in(folder_), 1U);
}

TEST_F(Record, WritesNoFileButItsOwn) {
  const std::string victim = folder_.file("victim", "precious");
  const std::string pages = folder_.file("trace.dat.cpu0", "mine");
  std::filesystem::create_symlink("victim", folder_.path("trace.dat.cpu1"));
  std::filesystem::create_symlink("target.dat", folder_.path("trace.dat"));
  ProgramRun run(script(folder_, "$record -q -e raw_syscalls --all -- ls / >/dev/null"));
  EXPECT_EQ(run.status(), 0) << run.err();
  EXPECT_EQ(content_of(victim), "precious");
  EXPECT_EQ(content_of(pages), "mine");
  EXPECT_TRUE(std::filesystem::is_symlink(folder_.path("trace.dat")));
  EXPECT_GT(std::filesystem::file_size(folder_.path("target.dat")), 4096U);
  EXPECT_EQ(files_in(folder_), 5U);
}

TEST_F(Record, AKilledOneLeavesNothing) {
  ProgramRun run(
      script(folder_, "$record -q -e raw_syscalls --all -- sh -c 'ls -R /usr/share >/dev/null; kill -9 $PPID'"));
  run.status();
  EXPECT_EQ(files_in(folder_), 0U);
}

TEST_F(Record, WhatCannotBeWrittenIsToldBeforeTheCommandRuns) {
  std::filesystem::create_directory(folder_.path("folder"));
  const struct {
    std::string file;
    const char* message;
  } cases[] = {
      {"/dev/full", "no regular file"}, {"folder", "Is a directory"},
      {"pipe", "no regular file"},      {std::string(256, 'x'), "File name too long"},
      {"/proc/nothing", "cannot"},
  };
  for (const auto& c : cases) {
    ProgramRun run(
        script(folder_, "mkfifo pipe 2>/dev/null; timeout 20 $record -e sched -o " + c.file + " -- echo ran"));
    EXPECT_EQ(run.status(), 1) << c.file;
    EXPECT_THAT(run.err(), HasSubstr(c.message));
    EXPECT_THAT(run.out(), IsEmpty());
  }
  ProgramRun longest(script(folder_, "$record -q -e sched -o " + std::string(255, 'x') + " -- echo ran"));
  EXPECT_EQ(longest.status(), 0) << longest.err();
}

TEST_F(Record, AnAccountThatCannotBeWrittenIsAFailure) {
  ProgramRun run(script(folder_, "$record -q --json -e sched -- true >/dev/full"));
  EXPECT_EQ(run.status(), 1);
  EXPECT_THAT(run.err(), HasSubstr("cannot write to standard output: No space left on device"));
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
  const struct {
    const char* event;
    const char* message;
  } events[] = {
      {"shed", "cannot find an event like shed: No such file or directory (nearest: sched"},
      {"sched_switch", "(nearest: sched:sched_switch"},
      {"sched:sched_switc*x",
       "cannot find an event like sched:sched_switc*x: No such file or directory (nearest: sched:"},
      {"nosuchqqqq", "(available_events lists them)"},
  };
  for (const auto& c : events) {
    ProgramRun run(with_tracefs({"-e", c.event, "-o", file, "--", "true"}));
    EXPECT_EQ(run.status(), 1) << c.event;
    EXPECT_THAT(run.err(), HasSubstr(c.message));
  }
  ProgramRun tracer(with_tracefs({"-p", "no_such_tracer", "-o", file, "--", "true"}));
  EXPECT_EQ(tracer.status(), 77);
  ProgramRun command(with_tracefs({"-e", "sched", "-o", file, "--", "/no/such"}));
  EXPECT_EQ(command.status(), 127);
  ProgramRun folder(with_tracefs({"-e", "sched", "-o", "/no/such/trace.dat", "--", "true"}));
  EXPECT_EQ(folder.status(), 1);
  EXPECT_THAT(folder.err(), HasSubstr("cannot make a file in /no/such: No such file"));
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
