#include "trace_cmd_files.hpp"
#include "write_again.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace fathom::test {
namespace {

using testing::HasSubstr;

// What a command prints, on both streams.
std::string output_of(const std::string& command) {
  std::string text;
  std::FILE* const pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr)
    return text;
  std::array<char, 65536> buffer{};
  while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe))
    text.append(buffer.data(), size);
  const int status = ::pclose(pipe);
  return status == 0 ? text : text + "\nstatus " + std::to_string(status);
}

class TraceCmdReadsOurs : public testing::TestWithParam<FileKind> {
 protected:
  void SetUp() override {
    if (output_of("trace-cmd --version").find("trace-cmd version") == std::string::npos)
      GTEST_SKIP() << "trace-cmd is not installed";
  }
};

TEST_P(TraceCmdReadsOurs, PrintsTheSame) {
  const std::string bytes = read_file(trace_cmd_file(std::string(GetParam().name) + ".dat"));
  const std::string expected = read_file(trace_cmd_file(std::string(GetParam().name) + ".report.txt"));
  for (const bool bare : {false, true}) {
    const std::string path = write_again(bytes, GetParam(), bare);
    const std::string report = output_of("trace-cmd report -i " + path);
    EXPECT_TRUE(report == expected) << path << ": " << report.substr(0, 500);
    const std::string dump = output_of("trace-cmd dump --summary -i " + path);
    EXPECT_THAT(dump, testing::Not(HasSubstr("status ")));
    EXPECT_THAT(dump, HasSubstr(std::to_string(GetParam().version) + "\t[Version]"));
    EXPECT_THAT(dump, HasSubstr("[Kallsyms, 4053832 bytes]"));
    EXPECT_THAT(dump,
                HasSubstr(GetParam().version == 6 ? "[Flyrecord tracing data]" : "[buffer \"\", \"local\" clock"));
    if (!HasFailure())
      std::remove(path.c_str());
  }
}

INSTANTIATE_TEST_SUITE_P(Files, TraceCmdReadsOurs,
                         testing::Values(FileKind{"events", 6, false}, FileKind{"events", 7, false},
                                         FileKind{"events", 7, true}, FileKind{"events-v6", 6, false},
                                         FileKind{"events-v6", 7, true}, FileKind{"fgraph-events", 6, false},
                                         FileKind{"fgraph-events", 7, true}, FileKind{"function", 7, false},
                                         FileKind{"function", 6, false}));

}  // namespace
}  // namespace fathom::test
