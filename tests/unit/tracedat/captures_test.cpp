#include "trace_cmd_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <charconv>
#include <sstream>

namespace fathom::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// "              tw-385   [000]   107.706254: sys_exit:             NR 1 = 1": what of it a record says by itself.
RecordLines::Line parsed(std::string_view line) {
  RecordLines::Line result;
  const auto bracket = line.find(" [");
  std::string_view task = line.substr(0, bracket);
  task = task.substr(0, task.find_last_not_of(' ') + 1);
  const std::string_view pid = task.substr(task.rfind('-') + 1);
  std::from_chars(pid.data(), pid.data() + pid.size(), result.pid);
  std::from_chars(line.data() + bracket + 2, line.data() + line.size(), result.cpu);
  line = line.substr(line.find(']', bracket) + 1);
  line = line.substr(line.find_first_not_of(' '));
  std::uint64_t seconds = 0;
  const char* at = std::from_chars(line.data(), line.data() + line.size(), seconds).ptr;
  std::uint64_t microseconds = 0;
  at = std::from_chars(at + 1, line.data() + line.size(), microseconds).ptr;
  result.time = seconds * 1'000'000 + microseconds;
  line = line.substr(static_cast<std::size_t>(at - line.data()) + 2);
  result.event = line.substr(0, line.find(':'));
  return result;
}

class TraceCmdFile : public testing::TestWithParam<const char*> {};

TEST_P(TraceCmdFile, DecodesToWhatTraceCmdPrints) {
  const std::string bytes = read_file(trace_cmd_file(std::string(GetParam()) + ".dat"));
  const ZstdCodec zstd;
  TraceDatReader file(as_bytes(bytes), {.path = GetParam(), .codec = &zstd});
  const FormatRegistry formats = file.formats();
  const auto records = lines_of(file, formats);
  EXPECT_EQ(file.stats().skipped_records(), 0U);
  EXPECT_EQ(file.stats().bytes, file.stats().parsed_bytes);

  std::istringstream report(read_file(trace_cmd_file(std::string(GetParam()) + ".report.txt")));
  std::string line;
  std::getline(report, line);
  EXPECT_EQ(line, "cpus=" + std::to_string(*file.cpu_count()));
  std::size_t next = 0;
  std::size_t lines = 0;
  std::size_t folded = 0;
  while (std::getline(report, line)) {
    const RecordLines::Line expected = parsed(line);
    const auto matches = [&] {
      RecordLines::Line found = records[next];
      found.time = (found.time + 500) / 1000;
      return found == expected;
    };
    // A function's exit that follows its entry is printed with that.
    while (next < records.size() && records[next].event == "funcgraph_exit" && !matches()) {
      ++next;
      ++folded;
    }
    ASSERT_LT(next, records.size()) << line;
    ASSERT_TRUE(matches()) << line;
    ++next;
    ++lines;
  }
  while (next < records.size() && records[next].event == "funcgraph_exit") {
    ++next;
    ++folded;
  }
  EXPECT_EQ(next, records.size());
  EXPECT_GT(lines, 30U);
  EXPECT_EQ(folded > 0, std::string_view(GetParam()).starts_with("fgraph"));
}

TEST_P(TraceCmdFile, TextsAreThere) {
  const std::string bytes = read_file(trace_cmd_file(std::string(GetParam()) + ".dat"));
  const ZstdCodec zstd;
  const TraceDatReader file(as_bytes(bytes), {.path = GetParam(), .codec = &zstd});
  const bool old = std::string_view(GetParam()) == "events-v6";
  EXPECT_EQ(file.version(), old ? 6U : 7U);
  EXPECT_EQ(file.compression(), old ? "" : "zstd");
  EXPECT_EQ(file.byte_order(), std::endian::little);
  EXPECT_EQ(file.long_size(), 8U);
  EXPECT_EQ(file.page_size(), 4096U);
  EXPECT_EQ(file.header_page().size(), 205U);
  EXPECT_EQ(file.header_event().size(), 205U);
  EXPECT_EQ(file.kallsyms().size(), 4'053'832U);
  EXPECT_EQ(file.printk_formats().size(), 5729U);
  EXPECT_THAT(std::string(file.find(TraceDatOptionId::uname)->text()), StartsWith("Linux "));
  EXPECT_THAT(std::string(file.find(TraceDatOptionId::version)->text()), HasSubstr("3.1.6"));
  EXPECT_EQ(file.find(TraceDatOptionId::trace_id)->data.size(), 8U);
  EXPECT_EQ(file.trace_clock(), "local");
  EXPECT_EQ(file.buffers().at(0).clock, "local");
  EXPECT_EQ(file.time().multiplier, 0U);
  EXPECT_EQ(file.formats().stats().skipped_records(), 0U);
  std::size_t stats = 0;
  for (const TraceDatOption& option : file.options())
    stats += option.id == static_cast<std::uint16_t>(TraceDatOptionId::cpu_stat) ? 1 : 0;
  EXPECT_EQ(stats, *file.cpu_count());
}

INSTANTIATE_TEST_SUITE_P(TraceCmd, TraceCmdFile, testing::ValuesIn(kTraceCmdFiles));

}  // namespace
}  // namespace fathom::test
