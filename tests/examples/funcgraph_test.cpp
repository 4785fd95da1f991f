// The program funcgraph on recorded traces: what it writes, what it says, how it ends. tests/live/funcgraph_live.sh has
// the rest, which needs a kernel.

#include "program_run.hpp"

#include <fathom/base/parse_stats.hpp>
#include <fathom/base/unique_fd.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

namespace fathom {
namespace {

using nlohmann::json;
using test::content_of;
using test::ProgramRun;
using test::TestFolder;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr const char* kFuncgraph = FATHOM_TEST_FUNCGRAPH;
const std::string kCapture = std::string(FATHOM_TEST_CAPTURES) + "/6.1.0-56-amd64/fg-smp/switch-filtered-default.txt";

constexpr std::string_view kTrace =
    "# tracer: function_graph\n"
    "#\n"
    "# CPU  DURATION                  FUNCTION CALLS\n"
    "# |     |   |                     |   |   |   |\n"
    " 0)               |  vfs_read() {\n"
    " 0)   1.500 us    |    rw_verify_area();\n"
    " 0)   2.500 us    |    ovl_read [overlay]();\n"
    " 0) + 14.000 us   |  }\n"
    " 0)   0.500 us    |  rw_verify_area();\n";

std::vector<std::string> command(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), kFuncgraph);
  return arguments;
}

std::string golden(std::string_view name) {
  return content_of(std::filesystem::path(FATHOM_TEST_GOLDEN) / "output" / name);
}

// The object that funcgraph writes about a file.
json json_of(const std::string& file, std::vector<std::string> arguments = {"--stats"}) {
  arguments.insert(arguments.end(), {"--json", "--from", file});
  ProgramRun run(command(arguments));
  EXPECT_EQ(run.status(), 0) << run.err();
  return json::parse(run.out());
}

TEST(Funcgraph, ShowsTheTreeThenTheTable) {
  ProgramRun run(command({"--from", kCapture}));
  EXPECT_EQ(run.status(), 0);
  EXPECT_EQ(run.out(), golden("funcgraph-default.txt"));
  EXPECT_EQ(run.err(), "funcgraph: " + kCapture + ": 235 lines, 117 calls, nothing skipped, nothing lost\n");
}

TEST(Funcgraph, SaysWhatTheFunctionsAre) {
  const TestFolder folder;
  const std::string trace = folder.file("trace", std::string(kTrace) + " 0)   0.100 us    |  0xffffffffc0003010();\n");
  const std::string symbols = folder.file("kallsyms",
                                          "ffffffff81000000 T _stext\n"
                                          "ffffffff81000100 T vfs_read\n"
                                          "ffffffff81000200 t rw_verify_area\n"
                                          "ffffffff81000300 t rw_verify_area\n"
                                          "ffffffff81000400 D ovl_read\n"
                                          "ffffffff81000500 T _etext\n"
                                          "ffffffffc0001000 t ovl_read\t[overlay]\n"
                                          "ffffffffc0003000 t bpf_prog_0123456789abcdef_on_open\t[bpf]\n"
                                          "ffffffffc0004000 t bpf_prog_1123456789abcdef_on_close\t[bpf]\n");
  ProgramRun run(command({"--stats", "--symbols", symbols, "--from", trace}));
  EXPECT_EQ(run.status(), 0) << run.err();
  EXPECT_THAT(run.out(), AllOf(HasSubstr("  vfs_read  T kernel\n"), HasSubstr("  rw_verify_area  t kernel, one of 2\n"),
                               HasSubstr("  ovl_read [overlay]  t module\n"),
                               HasSubstr("  t bpf_program, bpf_prog_0123456789abcdef_on_open+0x10\n")));

  ProgramRun in_json(command({"--stats", "--json", "--symbols", symbols, "--from", trace}));
  EXPECT_EQ(in_json.status(), 0);
  const json all = json::parse(in_json.out());
  for (const json& f : all.at("functions")) {
    ASSERT_TRUE(f.contains("symbols")) << f;
    if (f["name"] == "ovl_read") {
      EXPECT_EQ(f["symbols"][0]["address"], "0xffffffffc0001000");
      EXPECT_EQ(f["symbols"][0]["origin"], "module");
    }
  }

  ProgramRun without(command({"--stats", "--symbols", folder.path("nothing").string(), "--from", trace}));
  EXPECT_EQ(without.status(), 1);
  EXPECT_THAT(without.err(), StartsWith("funcgraph: cannot open "));
}

TEST(Funcgraph, ShowsWhatIsAskedFor) {
  struct Case {
    std::vector<std::string> arguments;
    bool tree;
    bool stats;
    bool switches;
  };
  for (const Case& c : {
           Case{{}, true, true, false},
           Case{{"--tree"}, true, false, false},
           Case{{"--no-tree"}, false, true, false},
           Case{{"--stats"}, false, true, false},
           Case{{"--switches"}, false, false, true},
           Case{{"--stats", "--switches"}, false, true, true},
           Case{{"--tree", "--stats", "--switches"}, true, true, true},
       }) {
    std::vector<std::string> arguments = c.arguments;
    arguments.insert(arguments.end(), {"--from", kCapture});
    ProgramRun run(command(arguments));
    EXPECT_EQ(run.status(), 0);
    const std::string out = run.out();
    const std::string_view what = c.arguments.empty() ? "nothing" : std::string_view(c.arguments.front());
    EXPECT_EQ(out.find("FUNCTION CALLS") != std::string::npos, c.tree) << what;
    EXPECT_EQ(out.find("SELF us") != std::string::npos, c.stats) << what;
    EXPECT_EQ(out.find("context switches") != std::string::npos, c.switches) << what;
  }
}

TEST(Funcgraph, ReadsStandardInput) {
  ProgramRun from_file(command({"--from", kCapture}));
  ProgramRun from_stdin(command({"--from", "-"}), kCapture);
  EXPECT_EQ(from_file.status(), 0);
  EXPECT_EQ(from_stdin.status(), 0);
  EXPECT_EQ(from_stdin.out(), from_file.out());
  EXPECT_THAT(from_stdin.err(), StartsWith("funcgraph: standard input: 235 lines"));
}

TEST(Funcgraph, JsonHasTheNumbers) {
  const TestFolder folder;
  const json all = json_of(folder.file("trace", std::string(kTrace) + "what is this\nCPU:0 [LOST 12 EVENTS]\n"));
  const json& functions = all.at("functions");
  ASSERT_EQ(functions.size(), 3U);
  EXPECT_EQ(functions[0].at("name"), "vfs_read");
  EXPECT_EQ(functions[0].at("module"), "");
  EXPECT_EQ(functions[0].at("total_ns"), 14000);
  EXPECT_EQ(functions[0].at("self_ns"), 10000);
  EXPECT_EQ(functions[1].at("name"), "ovl_read");
  EXPECT_EQ(functions[1].at("module"), "overlay");
  const json& twice = functions[2];
  EXPECT_EQ(twice.at("name"), "rw_verify_area");
  EXPECT_EQ(twice.at("calls"), 2);
  EXPECT_EQ(twice.at("incomplete"), 0);
  EXPECT_EQ(twice.at("total_ns"), 2000);
  EXPECT_EQ(twice.at("outermost_total_ns"), 2000);
  EXPECT_EQ(twice.at("self_ns"), 2000);
  EXPECT_EQ(twice.at("min_ns"), 500);
  EXPECT_EQ(twice.at("mean_ns"), 1000);
  EXPECT_EQ(twice.at("p50_ns"), 500);
  EXPECT_EQ(twice.at("p99_ns"), 1500);
  EXPECT_EQ(twice.at("max_ns"), 1500);
  EXPECT_EQ(twice.at("log2_histogram"), json::parse("[0,0,0,0,0,0,0,0,0,1,0,1]"));

  EXPECT_EQ(all.at("calls"), 4);
  EXPECT_EQ(all.at("input").at("bytes"), kTrace.size() + 13 + 23);
  EXPECT_EQ(all.at("input").at("lines"), 11);
  json skipped;
  for (const SkipReason reason : kSkipReasons)
    skipped[std::string(to_string(reason))] = reason == SkipReason::unknown_line ? 1 : 0;
  EXPECT_EQ(all.at("input").at("skipped"), skipped);
  EXPECT_EQ(all.at("input").at("first_skipped").at("line"), 10);
  EXPECT_EQ(all.at("input").at("first_skipped").at("reason"), "unknown_line");
  EXPECT_EQ(all.at("input").at("first_skipped").at("text"), "what is this");
  EXPECT_EQ(all.at("lost"), json::parse(R"({"events":12,"places":1})"));
  EXPECT_FALSE(all.contains("trees"));
  EXPECT_FALSE(all.contains("switches"));
}

TEST(Funcgraph, JsonIsOfStatsUnlessMoreIsAskedFor) {
  const json all = json_of(kCapture, {});
  EXPECT_TRUE(all.contains("functions"));
  EXPECT_FALSE(all.contains("trees"));
  EXPECT_EQ(json_of(kCapture, {"--top", "3", "--sort", "calls"}).at("functions").size(), 3U);
}

TEST(Funcgraph, JsonHasTheSwitches) {
  const json all = json_of(kCapture, {"--switches"});
  EXPECT_FALSE(all.contains("functions"));
  ASSERT_EQ(all.at("switches").size(), 13U);
  for (const json& s : all.at("switches")) {
    EXPECT_EQ(s.at("total_ns").get<long>(), s.at("off_cpu_ns").get<long>() + s.at("cost_ns").get<long>());
    EXPECT_EQ(s.at("cost_ns").get<long>(), s.at("before_ns").get<long>() + s.at("after_ns").get<long>());
    EXPECT_EQ(s.at("basis"), "bounds");
  }
  EXPECT_EQ(all.at("switch_summary").at("total").at("max_ns"), 4304089);
}

std::size_t calls_below(const json& calls) {
  std::size_t count = calls.size();
  for (const json& call : calls)
    count += calls_below(call.at("children"));
  return count;
}

TEST(Funcgraph, JsonHasTheTrees) {
  const json all = json_of(kCapture, {"--tree"});
  std::size_t calls = 0;
  for (const json& tree : all.at("trees"))
    calls += calls_below(tree.at("calls"));
  EXPECT_EQ(calls, 117U);
}

TEST(Funcgraph, JsonTreeOfTheSmallTrace) {
  const TestFolder folder;
  const json all = json_of(folder.file("trace", kTrace), {"--tree"});
  ASSERT_EQ(all.at("trees").size(), 1U);
  EXPECT_EQ(all.at("trees")[0], json::parse(R"({"task": null, "cpu": 0, "calls": [
      {"name": "vfs_read", "duration_ns": 14000, "self_ns": 10000, "cpu": 0, "children": [
        {"name": "rw_verify_area", "duration_ns": 1500, "self_ns": 1500, "cpu": 0, "children": []},
        {"name": "ovl_read", "module": "overlay", "duration_ns": 2500, "self_ns": 2500, "cpu": 0, "children": []}]},
      {"name": "rw_verify_area", "duration_ns": 500, "self_ns": 500, "cpu": 0, "children": []}]})"));
}

TEST(Funcgraph, JsonNestsAsDeepAsTheTrace) {
  constexpr std::size_t kDepth = 3000;
  std::string trace;
  for (std::size_t depth = 0; depth < kDepth; ++depth)
    trace += " 0)               |  " + std::string(2 * depth, ' ') + "f() {\n";
  const TestFolder folder;
  const json all = json_of(folder.file("trace", trace), {"--tree"});
  EXPECT_EQ(all.at("calls"), kDepth);
  EXPECT_EQ(all.at("incomplete").at("no_exit"), kDepth);
}

TEST(Funcgraph, JsonIsValidForEveryCapture) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(FATHOM_TEST_CAPTURES)) {
    const std::string path = entry.path().string();
    if (entry.path().extension() != ".txt" || path.find("/fg") == std::string::npos)
      continue;
    ProgramRun run(command({"--json", "--stats", "--switches", "--tree", "--from", path}));
    const int status = run.status();
    if (status == 0) {
      EXPECT_TRUE(json::accept(run.out())) << path;
      ++files;
    } else {
      EXPECT_THAT(run.err(), HasSubstr("cannot find function_graph text in " + path));
      EXPECT_THAT(run.out(), IsEmpty()) << path;
    }
  }
  EXPECT_GT(files, 100U);
}

// --- What can't be read.

struct BadInput {
  std::string_view name;
  std::string_view content;
  std::string_view says;
};

void PrintTo(const BadInput& c, std::ostream* out) {
  *out << c.name;
}

class FuncgraphBadInput : public testing::TestWithParam<BadInput> {};

TEST_P(FuncgraphBadInput, IsAClearError) {
  const TestFolder folder;
  const std::string file = folder.file("input", GetParam().content);
  ProgramRun run(command({"--from", file}));
  EXPECT_EQ(run.status(), 1);
  EXPECT_THAT(run.err(), AllOf(StartsWith("funcgraph: cannot find function_graph text in " + file),
                               HasSubstr(std::string(GetParam().says))));
  EXPECT_THAT(run.out(), IsEmpty());
}

using std::string_view_literals::operator""sv;
const BadInput kBadInputs[] = {
    {"empty", "", "it is empty"},
    {"binary", "\x01\x02\x00\x03 binary\n"sv, "it is binary"},
    {"text", "root:x:0:0:root:/root:/bin/bash\n", "some other text"},
    {"other_tracer", "# tracer: wakeup_rt\n#\nsome line\n", "names the tracer wakeup_rt"},
    {"header_alone", "# tracer: function_graph\n#\n# CPU  DURATION                  FUNCTION CALLS\n",
     "was anything recorded"},
    {"gzip", "\x1f\x8b\x08\x00"sv, "zcat"},
    {"zstd", "\x28\xb5\x2f\xfd\x04"sv, "zstdcat"},
    {"program",
     "\x7f"
     "ELF\x02\x01",
     "program"},
};

INSTANTIATE_TEST_SUITE_P(Examples, FuncgraphBadInput, testing::ValuesIn(kBadInputs),
                         [](const auto& c) { return std::string(c.param.name); });

#ifdef FATHOM_TEST_TRACEDAT
TEST(Funcgraph, ReadsATraceDat) {
  const std::string folder = std::string(FATHOM_TEST_TRACEDAT) + "/6.1.0-56-amd64/";
  for (const bool by_name : {true, false}) {
    const std::string file = folder + "fgraph.dat";
    ProgramRun run(command({"--from", by_name ? file : "-", "--tree", "--stats"}), by_name ? "" : file);
    EXPECT_EQ(run.status(), 0) << run.err();
    EXPECT_THAT(run.out(), AllOf(HasSubstr("vfs_read();"), HasSubstr("schedule")));
    EXPECT_THAT(run.err(), AllOf(HasSubstr(" events, "), HasSubstr("nothing skipped, nothing lost")));
  }
  ProgramRun none(command({"--from", folder + "events-zstd.dat"}));
  EXPECT_EQ(none.status(), 1);
  EXPECT_THAT(none.err(), HasSubstr("cannot find function_graph events in"));
}
#endif

TEST(Funcgraph, ATraceDatThatIsCut) {
  const TestFolder folder;
  ProgramRun run(command({"--from", folder.file("cut.dat", "\x17\x08\x44tracing\x06"sv)}));
  EXPECT_EQ(run.status(), 1);
  EXPECT_THAT(run.err(), HasSubstr("the file is cut"));
}

TEST(Funcgraph, SaysWhereATraceIsCutOff) {
  const TestFolder folder;
  const std::string whole(kTrace);
  const std::string file = folder.file("cut", whole.substr(0, whole.size() - 9));
  ProgramRun run(command({"--from", file}));
  EXPECT_EQ(run.status(), 0);
  EXPECT_THAT(run.err(), AllOf(HasSubstr("1 line skipped (1 cut_line)"), HasSubstr("is line 9 (cut_line)"),
                               HasSubstr("it ends within a line")));
  EXPECT_THAT(run.out(), HasSubstr("ovl_read [overlay]();"));
}

TEST(Funcgraph, SaysWhatTheKernelLost) {
  const TestFolder folder;
  const std::string file = folder.file("lossy", std::string(kTrace) + "CPU:0 [LOST 12 EVENTS]\n");
  ProgramRun run(command({"--from", file, "-q"}));
  EXPECT_EQ(run.status(), 0);
  EXPECT_THAT(run.err(), AllOf(HasSubstr("12 events lost in 1 place"), HasSubstr("--buffer-size")));
}

TEST(Funcgraph, IsQuietIfNothingIsMissing) {
  ProgramRun run(command({"-q", "--from", kCapture}));
  EXPECT_EQ(run.status(), 0);
  EXPECT_THAT(run.err(), IsEmpty());
}

// --- The command line.

struct Failing {
  std::string_view name;
  std::vector<std::string> arguments;
  int status;
  std::string_view says;
};

void PrintTo(const Failing& c, std::ostream* out) {
  *out << c.name;
}

class FuncgraphFailing : public testing::TestWithParam<Failing> {};

TEST_P(FuncgraphFailing, SaysWhyAndHasTheStatus) {
  ProgramRun run(command(GetParam().arguments));
  EXPECT_EQ(run.status(), GetParam().status) << run.err();
  EXPECT_THAT(run.err(), AllOf(StartsWith("funcgraph: "), HasSubstr(std::string(GetParam().says))));
  EXPECT_THAT(run.out(), IsEmpty());
}

const Failing kFailing[] = {
    {"nothing", {}, 2, "nothing to trace"},
    {"no_command", {"--"}, 2, "no COMMAND"},
    {"no_dashes", {"ls", "-l"}, 2, "ls: put -- before the command"},
    {"unknown_option", {"--nonsense"}, 2, "--nonsense: there is no such option"},
    {"two_sources", {"--from", kCapture, "-p", "1"}, 2, "one of"},
    {"recording_option", {"--from", kCapture, "--depth", "3"}, 2, "--depth is for recording"},
    {"recorded_as_text", {"--from", kCapture, "--text"}, 2, "--text is for recording"},
    {"pid", {"-p", "-4"}, 2, "'-4' is no whole number from 1 to"},
    {"pid_word", {"-p", "1,init"}, 2, "--pid: 'init' is no whole number from 1 to 2147483647"},
    {"depth", {"--depth", "0", "--", "true"}, 2, "--depth: '0' is no whole number from 1 to"},
    {"threshold", {"--threshold", "1.5", "--", "true"}, 2, "'1.5' is no whole number from 0 to"},
    {"top", {"--top", "-3", "--from", kCapture}, 2, "--top: '-3' is no whole number from 0 to"},
    {"duration", {"--duration", "0"}, 2, "--duration: '0' is no number of seconds, above 0"},
    {"duration_word", {"--duration", "1h"}, 2, "--duration: '1h' is no number of seconds"},
    {"cpus", {"--cpu", "3-1", "--", "true"}, 2, "'3-1' is no list of CPUs"},
    {"buffer_size", {"--buffer-size", "12X", "--", "true"}, 2, "'12X' is no size"},
    {"sort", {"--sort", "colour", "--from", kCapture}, 2, "'colour' is none of calls, name, self, total"},
    {"tree_and_no_tree", {"--tree", "--no-tree", "--from", kCapture}, 2, "--tree"},
    {"overwriting", {"--from", kCapture, "-o", kCapture}, 2, "overwrite"},
    {"missing_file", {"--from", "/no/such/file"}, 1, "cannot open /no/such/file: No such file or directory"},
    {"directory", {"--from", "/proc"}, 1, "cannot read /proc: Is a directory"},
    {"output_folder", {"--from", kCapture, "-o", "/no/such/folder/x"}, 1, "cannot write to /no/such/folder/x"},
    {"full_disk", {"--from", kCapture, "-o", "/dev/full"}, 1, "cannot write to /dev/full: No space left on device"},
    {"full_disk_json", {"--json", "--from", kCapture, "-o", "/dev/full"}, 1, "No space left on device"},
};

INSTANTIATE_TEST_SUITE_P(Examples, FuncgraphFailing, testing::ValuesIn(kFailing),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(Funcgraph, TellsOfItself) {
  ProgramRun help(command({"--help"}));
  EXPECT_EQ(help.status(), 0);
  EXPECT_THAT(help.out(), AllOf(HasSubstr("Exit status"), HasSubstr("--threshold"), HasSubstr("--switches")));
  ProgramRun version(command({"--version"}));
  EXPECT_EQ(version.status(), 0);
  EXPECT_THAT(version.out(), StartsWith("funcgraph (fathom) "));
}

TEST(Funcgraph, WritesToAFile) {
  const TestFolder folder;
  const std::string path = folder.path("result").string();
  ProgramRun run(command({"--from", kCapture, "-o", path}));
  EXPECT_EQ(run.status(), 0);
  EXPECT_THAT(run.out(), IsEmpty());
  EXPECT_EQ(content_of(path), golden("funcgraph-default.txt"));
}

TEST(Funcgraph, LeavesTheOutputAloneIfItFails) {
  const TestFolder folder;
  const std::string precious = folder.file("precious", "precious");
  ProgramRun run(command({"--from", "/no/such/file", "-o", precious}));
  EXPECT_EQ(run.status(), 1);
  EXPECT_EQ(content_of(precious), "precious");
}

TEST(Funcgraph, ReplacesALongerOutput) {
  const TestFolder folder;
  const std::string path = folder.file("result", std::string(1'000'000, 'x'));
  ProgramRun run(command({"--from", kCapture, "-o", path}));
  EXPECT_EQ(run.status(), 0);
  EXPECT_EQ(content_of(path), golden("funcgraph-default.txt"));
}

TEST(Funcgraph, LeavesNoFileThatItMadeForNothing) {
  const TestFolder folder;
  ProgramRun run(command({"--from", folder.path("nosuch").string(), "-o", folder.path("result").string()}));
  EXPECT_EQ(run.status(), 1);
  EXPECT_THAT(run.err(), HasSubstr("nosuch"));
  EXPECT_FALSE(std::filesystem::exists(folder.path("result")));
}

TEST(Funcgraph, DoesNotOverwriteItsInput) {
  const TestFolder folder;
  const std::string trace = folder.file("trace", kTrace);
  const std::string link = folder.path("link").string();
  std::filesystem::create_hard_link(trace, link);
  for (const std::string& from : {std::string("-"), link}) {
    ProgramRun run(command({"--from", from, "-o", trace}), trace);
    EXPECT_EQ(run.status(), 2);
    EXPECT_THAT(run.err(), HasSubstr("-o would overwrite what --from reads"));
    EXPECT_EQ(content_of(trace), kTrace);
  }
}

// Runs it in a shell with that redirection.
std::vector<std::string> redirected(const std::string& redirection, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"sh", "-c", "exec \"$@\" " + redirection, "sh", kFuncgraph});
  return arguments;
}

TEST(Funcgraph, EndsWellIfStandardErrorCantBeWritten) {
  for (const std::string redirection : {"2>/dev/full", "2>&-"}) {
    ProgramRun good(redirected(redirection, {"--from", kCapture}));
    EXPECT_EQ(good.status(), 0) << redirection;
    EXPECT_EQ(good.out(), golden("funcgraph-default.txt"));
    EXPECT_EQ(ProgramRun(redirected(redirection, {"--nonsense"})).status(), 2) << redirection;
    EXPECT_EQ(ProgramRun(redirected(redirection, {"--from", "/no/such/file"})).status(), 1) << redirection;
  }
}

TEST(Funcgraph, FailsOnAClosedStandardFile) {
  ProgramRun no_in(redirected("<&-", {"--from", "-"}));
  EXPECT_EQ(no_in.status(), 1);
  EXPECT_THAT(no_in.err(), HasSubstr("cannot read standard input: Bad file descriptor (it is closed)"));
  ProgramRun no_out(redirected(">&-", {"--from", kCapture}));
  EXPECT_EQ(no_out.status(), 1);
  EXPECT_THAT(no_out.err(), HasSubstr("cannot write to standard output: Bad file descriptor (it is closed)"));
}

TEST(Funcgraph, ColorsAsAsked) {
  struct Case {
    std::vector<std::string> arguments;
    test::Environment environment;
    bool color;
  };
  for (const Case& c : {
           Case{{}, {}, false},  // standard output is a file
           Case{{"--color", "always"}, {}, true},
           Case{{"--color", "always"}, {{"NO_COLOR", "1"}}, true},
           Case{{"--color", "never"}, {}, false},
           Case{{"--color", "auto"}, {}, false},
       }) {
    std::vector<std::string> arguments = c.arguments;
    arguments.insert(arguments.end(), {"--from", kCapture});
    ProgramRun run(command(arguments), {}, c.environment);
    EXPECT_EQ(run.status(), 0);
    EXPECT_EQ(run.out().find('\x1b') != std::string::npos, c.color) << testing::PrintToString(c.arguments);
  }
}

// A signal ends the reading of what would not end by itself, and what was read is shown.
TEST(Funcgraph, ShowsWhatItHasWhenItIsStopped) {
  const TestFolder folder;
  const std::string pipe = folder.path("pipe").string();
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  // For reading, too, so that it does not wait for somebody who reads.
  const UniqueFd writer(::open(pipe.c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(::write(writer.get(), kTrace.data(), kTrace.size()), static_cast<ssize_t>(kTrace.size()));
  ProgramRun run(command({"--from", pipe}));
  int waiting = 1;
  while (waiting > 0 && !run.child().try_wait()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    ASSERT_EQ(::ioctl(writer.get(), FIONREAD, &waiting), 0);
  }
  ASSERT_TRUE(run.child().kill(SIGINT));
  EXPECT_EQ(run.status(), 0) << run.err();
  EXPECT_THAT(run.out(), HasSubstr("ovl_read [overlay]();"));
  EXPECT_THAT(run.err(), HasSubstr("stopped before the end of " + pipe));
}

}  // namespace
}  // namespace fathom
