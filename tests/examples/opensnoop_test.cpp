// The program opensnoop on the kernel at hand: its check of itself, what it prints, how it ends.

#include "program_run.hpp"
#include "root_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <sstream>
#include <string>
#include <thread>
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

std::vector<std::string> command(const std::vector<std::string>& arguments) {
  std::vector<std::string> all = {FATHOM_TEST_WITH_TRACEFS, FATHOM_TEST_OPENSNOOP};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

Ran opensnoop(const std::vector<std::string>& arguments) {
  return run_to_end(command(arguments));
}

class Opensnoop : public RootTest {};

TEST(OpensnoopCommandLine, WrongUsageIsTwo) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"-p"}, {"-p", "0"}, {"-p", "x"}, {"word"}, {"--check", "-p", "1"}}) {
    std::vector<std::string> all = {FATHOM_TEST_OPENSNOOP};
    all.insert(all.end(), arguments.begin(), arguments.end());
    ProgramRun run(all);
    EXPECT_EQ(run.status(), 2) << arguments[0];
    EXPECT_THAT(run.err(), StartsWith("opensnoop: "));
    EXPECT_THAT(run.out(), IsEmpty());
  }
}

TEST_F(Opensnoop, ChecksItself) {
  const Ran ran = opensnoop({"--check", "--json"});
  if (ran.status == 77)
    GTEST_SKIP() << ran.err;
  EXPECT_EQ(ran.status, 0) << ran.err;
  const json result = json::parse(ran.out);
  EXPECT_EQ(result["opened"], 51);
  EXPECT_EQ(result["recorded"], 51);
  EXPECT_EQ(result["same_in_order"], 51);
  EXPECT_EQ(result["read_at_exit"], true);
  EXPECT_THAT(ran.err, IsEmpty());
}

TEST_F(Opensnoop, PrintsWhatAProcessOpensAndEndsAtASignal) {
  ProgramRun run(command({"--json", "-p", std::to_string(::getpid())}));
  for (int i = 0; i < 200 && run.err().find("Ctrl-C") == std::string::npos; ++i) {
    if (run.child().try_wait())
      break;
    std::this_thread::sleep_for(50ms);
  }
  if (run.child().try_wait() && run.status() == 77)
    GTEST_SKIP() << run.err();
  ASSERT_THAT(run.err(), HasSubstr("Ctrl-C"));
  const std::string there = "/proc/self/status";
  const std::string odd = "/nowhere/\x1b[31m \"and\"\n\xff";
  ::close(::openat(AT_FDCWD, there.c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(::openat(AT_FDCWD, odd.c_str(), O_RDONLY | O_CLOEXEC), -1);
  std::this_thread::sleep_for(500ms);
  run.child().kill(SIGINT);
  EXPECT_EQ(run.status(), 0) << run.err();
  unsigned found = 0;
  std::istringstream lines(run.out());
  for (std::string line; std::getline(lines, line);) {
    const json open = json::parse(line);
    EXPECT_EQ(open["pid"], ::getpid());
    if (open["path"] == there && open["flags"] == (O_RDONLY | O_CLOEXEC)) {
      EXPECT_GE(open["fd"], 0);
      found |= 1U;
    }
    if (open["path"].get<std::string>().starts_with("/nowhere/\x1b[31m \"and\"\n")) {
      EXPECT_EQ(open["errno"], ENOENT);
      found |= 2U;
    }
  }
  EXPECT_EQ(found, 3U) << run.out();
}

}  // namespace
}  // namespace fathom
