// The program symbolize, as a user runs it: what it writes, what it says, how it ends.

#include "program_run.hpp"

#include <fathom/base/unique_fd.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

namespace fathom {
namespace {

using test::ProgramRun;
using test::TestFolder;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

std::vector<std::string> command(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), FATHOM_TEST_SYMBOLIZE);
  return arguments;
}

std::string hex(std::uint64_t value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%lx", value);
  return text.data();
}

// A function of this very program.
std::uint64_t known() {
  return reinterpret_cast<std::uintptr_t>(&known);
}

TEST(Symbolize, NamesAnAddressOfAProcess) {
  ProgramRun run(command({std::to_string(::getpid()), "0x" + hex(known()), "10"}));
  EXPECT_EQ(run.status(), 1);  // for the second one
  EXPECT_THAT(run.out(), HasSubstr("known()+0x0"));
  EXPECT_THAT(run.out(), HasSubstr("0x0000000000000010 ?? (unmapped)\n"));
  EXPECT_THAT(run.err(), IsEmpty());
}

TEST(Symbolize, ReadsAddressesAndASavedMap) {
  const TestFolder folder;
  const std::string maps = folder.file("maps", test::content_of("/proc/self/maps") + "damaged\n");
  ProgramRun run(command({"--maps", maps, "--no-lines", "--verbose", "-"}),
                 folder.file("addresses", hex(known() + 1) + " 0x" + hex(known()) + "\nnonsense\n"));
  EXPECT_EQ(run.status(), 1);
  EXPECT_THAT(run.out(), HasSubstr("known()+0x1\n"));
  EXPECT_THAT(run.out(), HasSubstr("known()+0x0\n"));
  EXPECT_THAT(run.out(), HasSubstr("in " FATHOM_TEST_SELF));
  EXPECT_THAT(run.err(), HasSubstr("skipped 1 of"));
  EXPECT_THAT(run.err(), HasSubstr("'nonsense' is no address"));
}

TEST(Symbolize, WritesAnObjectALine) {
  ProgramRun run(command({std::to_string(::getpid()), "--json", hex(known()), "0"}));
  EXPECT_EQ(run.status(), 1);
  std::istringstream lines(run.out());
  std::string line;
  ASSERT_TRUE(std::getline(lines, line));
  const auto hit = nlohmann::json::parse(line);
  EXPECT_EQ(hit["address"], "0x" + hex(known()));
  EXPECT_EQ(hit["offset"], 0);
  EXPECT_THAT(hit["frames"].back()["function"].get<std::string>(), HasSubstr("known()"));
  EXPECT_EQ(hit["frames"].back()["inlined"], false);
  EXPECT_EQ(hit["module"]["path"], FATHOM_TEST_SELF);
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_EQ(nlohmann::json::parse(line)["failure"], "unmapped");
}

TEST(Symbolize, SaysWhatItCannotDo) {
  ProgramRun gone(command({"1073741823", "0"}));
  EXPECT_EQ(gone.status(), 1);
  EXPECT_THAT(gone.err(), StartsWith("symbolize: cannot open /proc/1073741823: "));
  ProgramRun no_file(command({"--exe", "/no/such/file", "0"}));
  EXPECT_EQ(no_file.status(), 1);
  EXPECT_THAT(no_file.err(), HasSubstr("/no/such/file"));
  ProgramRun no_kernel(command({"--kernel", "--vmlinux", "/no/vmlinux", "0"}));
  EXPECT_EQ(no_kernel.status(), 1);
  EXPECT_THAT(no_kernel.err(), HasSubstr("/no/vmlinux"));
}

TEST(Symbolize, SaysWhatIsWrongWithASavedMap) {
  ProgramRun folder(command({"--maps", "/tmp", "0"}));
  EXPECT_EQ(folder.status(), 1);
  EXPECT_THAT(folder.err(), StartsWith("symbolize: cannot read /tmp: Is a directory"));
  ProgramRun endless(command({"--maps", "/dev/zero", "0"}));
  EXPECT_EQ(endless.status(), 1);
  EXPECT_THAT(endless.err(), StartsWith("symbolize: cannot read /dev/zero: File too large"));
  ProgramRun endless_kernel(command({"--kernel", "--kallsyms", "/dev/zero", "--vmlinux", FATHOM_TEST_SYMBOLIZE, "0"}));
  EXPECT_EQ(endless_kernel.status(), 1);
  EXPECT_THAT(endless_kernel.err(), StartsWith("symbolize: cannot find _stext in /dev/zero"));
}

TEST(Symbolize, TakesASavedKallsymsAsAnotherKernels) {
  // This program is no vmlinux, so it is refused; but not for its build id, which the running kernel's is not.
  const TestFolder folder;
  const std::string kallsyms = folder.file("kallsyms", "ffffffff81000000 T _stext\n");
  ProgramRun run(command({"--kernel", "--kallsyms", kallsyms, "--vmlinux", FATHOM_TEST_SYMBOLIZE, "0"}));
  EXPECT_EQ(run.status(), 1);
  EXPECT_THAT(run.err(), StartsWith("symbolize: cannot find _stext in " FATHOM_TEST_SYMBOLIZE));
}

TEST(Symbolize, LeavesTheTerminalAlone) {
  const TestFolder folder;
  const std::string maps = folder.file("maps", "1000-2000 r-xp 00000000 fe:01 1 /no/\x1b]0;x\x07\n");
  ProgramRun run(command({"--maps", maps, "--verbose", "1000"}));
  EXPECT_EQ(run.status(), 1);
  EXPECT_THAT(run.out(), HasSubstr("in /no/\\x1b]0;x\\x07"));
}

TEST(Symbolize, AnswersBeforeTheNextQuestion) {
  const TestFolder folder;
  const std::string questions = folder.path("questions");
  ASSERT_EQ(::mkfifo(questions.c_str(), 0600), 0);
  const UniqueFd to(::open(questions.c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_TRUE(to);
  ProgramRun run(command({std::to_string(::getpid()), "-"}), questions);
  const std::string question = hex(known()) + "\n";
  ASSERT_EQ(::write(to.get(), question.data(), question.size()), static_cast<ssize_t>(question.size()));
  for (int wait = 0; wait < 1000 && run.out().empty(); ++wait)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  // A build with debugging information says the line behind it.
  EXPECT_THAT(run.out(), ContainsRegex("known\\(\\)\\+0x0( at .*)?\n"));
  EXPECT_EQ(::kill(run.child().pid(), SIGTERM), 0);
  run.status();
}

class WrongUsage : public testing::TestWithParam<std::vector<std::string>> {};

TEST_P(WrongUsage, Is2) {
  ProgramRun run(command(GetParam()));
  EXPECT_EQ(run.status(), 2);
  EXPECT_THAT(run.out(), IsEmpty());
  EXPECT_THAT(run.err(), StartsWith("symbolize: "));
}

INSTANTIATE_TEST_SUITE_P(Symbolize, WrongUsage,
                         testing::Values(std::vector<std::string>{}, std::vector<std::string>{"1"},
                                         std::vector<std::string>{"x", "1"}, std::vector<std::string>{"0", "1"},
                                         std::vector<std::string>{"1", "xyz"},
                                         std::vector<std::string>{"--kernel", "--exe", "a", "1"},
                                         std::vector<std::string>{"--offsets", "1", "1"},
                                         std::vector<std::string>{"--sysroot", "a", "1", "1"},
                                         std::vector<std::string>{"--kallsyms", "a", "1", "1"},
                                         std::vector<std::string>{"--nope", "1", "1"}));

TEST(Symbolize, HelpsOnStandardOutput) {
  ProgramRun run(command({"--help"}));
  EXPECT_EQ(run.status(), 0);
  EXPECT_THAT(run.out(), HasSubstr("--debuginfod-urls"));
  EXPECT_THAT(run.err(), IsEmpty());
}

}  // namespace
}  // namespace fathom
