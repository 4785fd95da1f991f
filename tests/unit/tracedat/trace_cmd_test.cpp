#include "trace_cmd_files.hpp"

#include <fathom/tracedat/trace_dat_writer.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>

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

struct Case {
  const char* name;
  std::uint32_t version;
  bool compressed;
  friend void PrintTo(const Case& c, std::ostream* out) {
    *out << c.name << " as " << c.version << (c.compressed ? " with zstd" : "");
  }
};

// A file that trace-cmd wrote, written again by us; with or without all that it can do without.
std::string write_again(const std::string& bytes, const Case& how, bool bare) {
  const ZstdCodec zstd;
  TraceDatReader file(as_bytes(bytes), {.path = how.name, .codec = &zstd});
  TraceDatParts parts;
  parts.header_page = file.header_page();
  parts.header_event = file.header_event();
  parts.formats = file.format_texts();
  parts.kallsyms = file.kallsyms();
  parts.cmdlines = file.cmdlines();
  parts.cpus = file.cpu_count().value();
  if (!bare) {
    parts.printk_formats = file.printk_formats();
    parts.options = file.options();
  }
  std::string path = testing::TempDir() + "fathom-" + how.name + '-' + std::to_string(::getpid()) + ".dat";
  std::ofstream out(path, std::ios::binary);
  TraceDatWriter writer(out, parts, {.version = how.version, .codec = how.compressed ? &zstd : nullptr});
  for (const TraceDatCpu& cpu : file.buffers().at(0).cpus) {
    const TraceDatBytes pages = file.pages(file.buffers()[0], cpu);
    writer.begin(0, cpu.cpu);
    writer.write(pages.bytes());
  }
  writer.finish();
  return path;
}

class TraceCmdReadsOurs : public testing::TestWithParam<Case> {
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
                         testing::Values(Case{"events", 6, false}, Case{"events", 7, false}, Case{"events", 7, true},
                                         Case{"events-v6", 6, false}, Case{"events-v6", 7, true},
                                         Case{"fgraph-events", 6, false}, Case{"fgraph-events", 7, true},
                                         Case{"function", 7, false}, Case{"function", 6, false}));

}  // namespace
}  // namespace fathom::test
