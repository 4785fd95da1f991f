// The program taskstate: what it says of the running kernel, and of others by their release.

#include "program_run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <signal.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace fathom {
namespace {

using nlohmann::json;
using test::Ran;
using test::run_to_end;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

Ran taskstate(std::vector<std::string> arguments) {
  return run_to_end(FATHOM_TEST_TASKSTATE, std::move(arguments));
}

TEST(TaskStateProgram, WrongUsageIsTwo) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--release"}, {"word"}, {"--check", "--release", "6.1"}}) {
    const Ran ran = taskstate(arguments);
    EXPECT_EQ(ran.status, 2) << arguments[0];
    EXPECT_THAT(ran.err, StartsWith("taskstate: "));
    EXPECT_THAT(ran.out, IsEmpty());
  }
  EXPECT_EQ(taskstate({"--release", "nonsense"}).status, 1);
}

TEST(TaskStateProgram, PutsChildrenIntoEachState) {
  const Ran ran = taskstate({"--check", "--json"});
  ASSERT_EQ(ran.status, 0) << ran.err << ran.out;
  const json all = json::parse(ran.out);
  std::set<std::string> seen;
  for (const json& task : all.at("tasks")) {
    seen.insert(task.at("state").get<std::string>());
    if (task.contains("wanted")) {
      EXPECT_EQ(task.at("wanted"), task.at("state")) << task.dump();
    }
  }
  for (const char* state : {"R", "S", "D", "T", "t", "Z"})
    EXPECT_TRUE(seen.contains(state)) << state;
}

// Processes that run this program.
std::vector<int> running(const std::string& program) {
  std::vector<int> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::error_code error;
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") == std::string::npos &&
        std::filesystem::read_symlink(entry.path() / "exe", error) == program)
      found.push_back(std::stoi(name));
  }
  return found;
}

// Its children end with it: also that of vfork(), whose parent cannot end it.
TEST(TaskStateProgram, LeavesNobodyBehindHoweverItEnds) {
  const test::TestFolder folder;
  const std::string program = folder.path("taskstate");  // nobody else runs this one
  std::filesystem::copy_file(FATHOM_TEST_TASKSTATE, program);
  for (int run = 0; run < 40; ++run) {
    test::ProgramRun taskstate({program, "--check"});
    std::this_thread::sleep_for(std::chrono::milliseconds(run));
    ::kill(taskstate.child().pid(), run % 4 == 0 ? SIGINT : SIGKILL);
    const int status = taskstate.status();
    EXPECT_TRUE(status == 0 || status == 1 || status == 128 + SIGINT || status == 128 + SIGKILL) << status;
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (!running(program).empty() && std::chrono::steady_clock::now() < until)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    for (const int pid : running(program)) {
      ADD_FAILURE() << pid << " is left, of run " << run;
      ::kill(pid, SIGKILL);
    }
  }
}

TEST(TaskStateProgram, KnowsOtherKernels) {
  const auto states_of = [](const std::string& release) {
    const Ran ran = taskstate({"--json", "--release", release});
    EXPECT_EQ(ran.status, 0) << ran.err;
    std::map<std::string, json> out;
    const json all = json::parse(ran.out);
    for (const json& row : all.at("states"))
      out[row.at("name").get<std::string>()] = row;
    return out;
  };
  auto old = states_of("4.4.0");
  EXPECT_EQ(old.at("TASK_PARKED").at("bits"), 0x200);
  EXPECT_EQ(old.at("TASK_IDLE").at("printed"), "D|N");
  auto shifted = states_of("4.18.20");
  EXPECT_EQ(shifted.at("TASK_INTERRUPTIBLE").at("printed"), "D");
  EXPECT_EQ(shifted.at("TASK_INTERRUPTIBLE").at("state"), "S");
  auto newer = states_of("6.13.0");
  EXPECT_EQ(newer.at("TASK_IDLE|TASK_FREEZABLE").at("reported"), 0x80);
  EXPECT_EQ(newer.at("TASK_FROZEN").at("printed"), "D");
  EXPECT_FALSE(states_of("6.1.0").at("TASK_FROZEN").contains("reported"));
  // What these kernels do not have yet is not shown.
  EXPECT_FALSE(states_of("5.10.0").contains("TASK_RTLOCK_WAIT"));
  EXPECT_TRUE(states_of("5.15.0").contains("TASK_RTLOCK_WAIT"));
  EXPECT_FALSE(states_of("6.0.0").contains("TASK_FROZEN"));
}

TEST(TaskStateProgram, TextSaysTheSame) {
  const Ran ran = taskstate({"--release", "6.13.0"});
  EXPECT_EQ(ran.status, 0);
  EXPECT_THAT(ran.out, HasSubstr("   0x402 I          0x80 I       TASK_IDLE\n"));
}

}  // namespace
}  // namespace fathom
