#include "program_run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace fathom::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using Json = nlohmann::json;

std::string file(const std::string& name) {
  return (std::filesystem::path(FATHOM_TEST_TRACEDAT) / "6.1.0-56-amd64" / name).string();
}

class ReportOf : public ::testing::TestWithParam<const char*> {};

TEST_P(ReportOf, PrintsByteForByteWhatTraceCmdDoes) {
  ProgramRun run({FATHOM_TEST_REPORT, file(std::string(GetParam()) + ".dat")});
  EXPECT_EQ(run.status(), 0);
  EXPECT_TRUE(run.out() == content_of(file(std::string(GetParam()) + ".report.txt")));
  EXPECT_THAT(run.err(), HasSubstr(" events, 0 lost"));
}

INSTANTIATE_TEST_SUITE_P(Captures, ReportOf,
                         ::testing::Values("events", "events-v6", "events-zstd", "fgraph", "fgraph-events",
                                           "function"));

TEST(Report, JsonIsAnObjectALine) {
  ProgramRun run({FATHOM_TEST_REPORT, "--json", "-q", file("events.dat")});
  EXPECT_EQ(run.status(), 0);
  const std::string out = run.out();
  const Json first = Json::parse(out.substr(0, out.find('\n')));
  EXPECT_EQ(first["event"], "sys_exit");
  EXPECT_EQ(first["text"], "NR 1 = 1");
  EXPECT_EQ(first["comm"], "tw");
  EXPECT_EQ(first["pid"], 385);
  EXPECT_EQ(first["cpu"], 0);
  EXPECT_EQ(first["time"].get<std::uint64_t>() / 1'000'000, 107706U);
  EXPECT_THAT(run.err(), IsEmpty());
}

TEST(Report, TotalsByFunction) {
  ProgramRun run({FATHOM_TEST_REPORT, "--totals", file("fgraph.dat")});
  EXPECT_EQ(run.status(), 0);
  EXPECT_THAT(run.out(), StartsWith("         4         7200204 vfs_read\n         5         6414710 schedule\n"));
  ProgramRun none({FATHOM_TEST_REPORT, "--totals", file("events.dat")});
  EXPECT_EQ(none.status(), 1);
  EXPECT_THAT(none.err(), HasSubstr("no function_graph events"));
}

TEST(Report, SaysWhatIsWrong) {
  const TestFolder folder;
  const struct {
    std::vector<std::string> arguments;
    int status;
    const char* message;
  } cases[] = {
      {{"/no/such"}, 1, "report: cannot open /no/such: No such file"},
      {{folder.file("text", "# tracer: nop\n")}, 1, "it does not begin as one"},
      {{folder.file("empty", "")}, 1, "it does not begin as one"},
      {{"--nope"}, 2, "--nope"},
      {{"-o", folder.file("same", "x"), folder.path("same").string()}, 2, "would overwrite"},
  };
  for (const auto& c : cases) {
    std::vector<std::string> command = {FATHOM_TEST_REPORT};
    command.insert(command.end(), c.arguments.begin(), c.arguments.end());
    ProgramRun run(command);
    EXPECT_EQ(run.status(), c.status) << c.message;
    EXPECT_THAT(run.err(), HasSubstr(c.message));
    EXPECT_THAT(run.out(), IsEmpty());
  }
}

// A file that was cut in the middle is reported as far as it goes, and what is missing is told.
TEST(Report, CutFile) {
  const TestFolder folder;
  const std::string whole = content_of(file("events-v6.dat"));
  const std::string cut = folder.file("cut.dat", std::string_view(whole).substr(0, whole.size() - 4096 - 3000));
  ProgramRun run({FATHOM_TEST_REPORT, cut});
  EXPECT_EQ(run.status(), 0);
  EXPECT_THAT(run.out(), HasSubstr("sched_switch:"));
  EXPECT_THAT(run.err(), HasSubstr("cut_file"));
}

}  // namespace
}  // namespace fathom::test
