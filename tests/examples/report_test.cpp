#include "program_run.hpp"
#include "unit/tracedat/small_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
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
  EXPECT_THAT(run.err(), IsEmpty());
  ProgramRun none({FATHOM_TEST_REPORT, "--totals", file("events.dat")});
  EXPECT_EQ(none.status(), 1);
  EXPECT_THAT(none.err(), HasSubstr("no function_graph events"));
}

// It waits in the pipe, with most of the file before it.
TEST(Report, SaysThatItsFileWasCutMeanwhile) {
  const TestFolder folder;
  const std::string copy = folder.path("trace.dat").string();
  std::filesystem::copy_file(file("fgraph-events.dat"), copy);
  ProgramRun run({"bash", "-c",
                  std::string(FATHOM_TEST_REPORT) + " -q " + copy + " | { head -c 1000; : >" + copy +
                      "; cat; } >/dev/null; exit ${PIPESTATUS[0]}"});
  EXPECT_EQ(run.status(), 1);
  EXPECT_EQ(run.err(), "report: a file became shorter while it was read\n");
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

constexpr std::string_view kExitFormat =
    "name: funcgraph_exit\nID: 9\nformat:\n\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
    "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\tfield:unsigned long "
    "func;\toffset:8;\tsize:8;\tsigned:0;\n"
    "\tfield:unsigned long long calltime;\toffset:16;\tsize:8;\tsigned:0;\n"
    "\tfield:unsigned long long rettime;\toffset:24;\tsize:8;\tsigned:0;\n";

// Two CPUs of a small machine. The last page of each has nothing on it but the mark of a loss, one without a number.
std::string file_with_losses(std::string_view cpu_stat) {
  const SmallMachine machine;
  const std::string header_page = machine.header_page();
  TraceDatParts parts;
  parts.header_page = header_page;
  parts.formats = {{"sched", kSwitchFormat}, {"ftrace", kFunctionFormat}, {"ftrace", kExitFormat}};
  parts.cpus = 2;
  parts.buffers = {{"", "local", machine.page_size()}};
  if (!cpu_stat.empty())
    parts.options = {{static_cast<std::uint16_t>(TraceDatOptionId::cpu_stat), bytes_of(cpu_stat)}};
  std::ostringstream out;
  TraceDatWriter writer(out, parts);
  for (const std::uint32_t cpu : {0U, 1U}) {
    writer.begin(0, cpu);
    writer.write(machine.pages(1000, 1, 2));
    PageBuilder last(machine.layout(), 5000);
    if (cpu == 0)
      last.missed(7);
    else
      last.missed(std::nullopt);
    writer.write(last.page());
  }
  writer.finish();
  return std::move(out).str();
}

TEST(Report, LossesBehindTheLastRecordAreShown) {
  const TestFolder folder;
  const std::string path = folder.file("losses.dat", file_with_losses({}));
  ProgramRun run({FATHOM_TEST_REPORT, "-q", path});
  EXPECT_EQ(run.status(), 0);
  EXPECT_THAT(run.out(), ::testing::EndsWith("CPU:0 [7 EVENTS DROPPED]\nCPU:1 [EVENTS DROPPED]\n"));
  EXPECT_EQ(run.err(), "report: 4 events, at least 7 lost\n");
  ProgramRun json({FATHOM_TEST_REPORT, "--json", path});
  EXPECT_EQ(json.status(), 0);
  EXPECT_THAT(json.out(), ::testing::EndsWith("{\"cpu\":0,\"lost\":7}\n{\"cpu\":1,\"lost\":null}\n"));
}

TEST(Report, TheKernelsOwnCountOfLossesCounts) {
  const TestFolder folder;
  const std::string counts =
      "CPU: 0\nentries: 0\noverrun: 100\ncommit overrun: 3\ndropped events: 20\nread events: 4\n";
  const std::string path = folder.file("losses.dat", file_with_losses(counts));
  ProgramRun run({FATHOM_TEST_REPORT, "-q", path});
  EXPECT_EQ(run.status(), 0);
  EXPECT_EQ(run.err(), "report: 4 events, 123 lost\n");
}

TEST(Report, TotalsTellWhatIsMissing) {
  const TestFolder folder;
  ProgramRun run({FATHOM_TEST_REPORT, "--totals", "-q", folder.file("losses.dat", file_with_losses({}))});
  EXPECT_EQ(run.status(), 1);
  EXPECT_THAT(run.err(), HasSubstr("at least 7 events lost"));
}

TEST(Report, TextOfTheKernelAsJson) {
  using std::string_literals::operator""s;
  const TestFolder folder;
  const std::string whole = small_file({}, {.version = 6});
  const std::string text = whole.substr(0, whole.find("options  \0"s)) + "latency  \0# tracer: irqsoff\n\"x\"\n"s;
  ProgramRun run({FATHOM_TEST_REPORT, "--json", folder.file("latency.dat", text)});
  EXPECT_EQ(run.status(), 0);
  EXPECT_EQ(run.out(), "{\"text\":\"# tracer: irqsoff\"}\n{\"text\":\"\\\"x\\\"\"}\n");
}

TEST(Report, MakesNoFileWhereThereIsNothingToRead) {
  const TestFolder folder;
  ProgramRun run({FATHOM_TEST_REPORT, "/no/such", "-o", folder.path("out.txt").string()});
  EXPECT_EQ(run.status(), 1);
  EXPECT_FALSE(std::filesystem::exists(folder.path("out.txt")));
}

}  // namespace
}  // namespace fathom::test
