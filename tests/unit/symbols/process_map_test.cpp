// What /proc/PID/maps says, and what damaged copies of it say.

#include <fathom/base/error.hpp>
#include <fathom/symbols/process_map.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <string>

namespace fathom {
namespace {

using std::string_literals::operator""s;

constexpr std::string_view kMaps =
    "55d0c2a00000-55d0c2a02000 r--p 00000000 fe:01 1311   /usr/bin/a b\n"
    "55d0c2a02000-55d0c2a04000 r-xp 00002000 fe:01 1311   /usr/bin/a b\n"
    "55d0c2b00000-55d0c2b21000 rw-p 00000000 00:00 0      [heap]\n"
    "7f0d1c028000-7f0d1c19f000 r-xp 00028000 103:02 99    /tmp/with\\012newline (deleted)\n"
    "7f0d1c200000-7f0d1c201000 rw-s 00000000 00:01 7      /memfd:x y (deleted)\n"
    "7f0d1c300000-7f0d1c301000 ---p 00000000 00:00 0 \n"
    "7ffd00000000-7ffd00002000 r-xp 00000000 00:00 0                          [vdso]\n"
    "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n";

TEST(ProcessMap, ReadsEveryKindOfLine) {
  const ProcessMap map = parse_maps(kMaps);
  ASSERT_EQ(map.mappings.size(), 8);
  EXPECT_EQ(map.stats.parsed_bytes, kMaps.size());
  EXPECT_EQ(map.stats.skipped_records(), 0);

  const ProcessMapping& code = map.mappings[1];
  EXPECT_EQ(code.start, 0x55d0c2a02000);
  EXPECT_EQ(code.end, 0x55d0c2a04000);
  EXPECT_EQ(code.offset, 0x2000);
  EXPECT_TRUE(code.readable && !code.writable && code.executable && !code.shared);
  EXPECT_EQ(code.dev_major, 0xfe);
  EXPECT_EQ(code.dev_minor, 1);
  EXPECT_EQ(code.inode, 1311);
  EXPECT_EQ(code.path, "/usr/bin/a b");
  EXPECT_TRUE(code.is_file() && !code.deleted);

  EXPECT_FALSE(map.mappings[2].is_file());
  EXPECT_EQ(map.mappings[3].path, "/tmp/with\nnewline");
  EXPECT_EQ(map.mappings[3].dev_major, 0x103);
  EXPECT_TRUE(map.mappings[3].deleted);
  EXPECT_EQ(map.mappings[4].path, "/memfd:x y");
  EXPECT_TRUE(map.mappings[4].shared);
  EXPECT_EQ(map.mappings[5].path, "");
  EXPECT_EQ(map.mappings[6].path, "[vdso]");
  EXPECT_EQ(map.mappings[7].start, 0xffffffffff600000);
}

TEST(ProcessMap, OfMappingsThatOverlapTheLastCounts) {
  const ProcessMap map = parse_maps(
      "00001000-00009000 r-xp 00000000 fe:01 1 /big\n"
      "00002000-00003000 r-xp 00000000 fe:01 2 /small\n");
  EXPECT_EQ(map.find(0x1fff), map.mappings.data());
  EXPECT_EQ(map.find(0x2fff), &map.mappings[1]);
  EXPECT_EQ(map.find(0x3000), nullptr);
}

TEST(ProcessMap, FindsTheMappingOfAnAddress) {
  const ProcessMap map = parse_maps(kMaps);
  EXPECT_EQ(map.find(0), nullptr);
  EXPECT_EQ(map.find(0x55d0c29fffff), nullptr);
  EXPECT_EQ(map.find(0x55d0c2a00000), map.mappings.data());
  EXPECT_EQ(map.find(0x55d0c2a01fff), map.mappings.data());
  EXPECT_EQ(map.find(0x55d0c2a02000), &map.mappings[1]);
  EXPECT_EQ(map.find(0x55d0c2a04000), nullptr);
  EXPECT_EQ(map.find(0xffffffffff600fff), &map.mappings[7]);
  EXPECT_EQ(map.find(UINT64_MAX), nullptr);
  EXPECT_EQ(ProcessMap{}.find(1), nullptr);
}

struct BadLine {
  std::string line;
  SkipReason reason;
};

class BadMaps : public testing::TestWithParam<BadLine> {};

TEST_P(BadMaps, AreCountedAndTheRestIsRead) {
  const std::string good = "1000-2000 r-xp 00000000 fe:01 5 /a\n";
  const std::string text = good + GetParam().line;
  const ProcessMap map = parse_maps(text);
  EXPECT_EQ(map.mappings.size(), 1);
  EXPECT_EQ(map.stats.records, 2);
  EXPECT_EQ(map.stats.skipped(GetParam().reason), 1);
  EXPECT_EQ(map.stats.parsed_bytes, good.size());
  EXPECT_EQ(map.stats.skipped_bytes, GetParam().line.size());
  ASSERT_TRUE(map.stats.first_bad);
  EXPECT_EQ(map.stats.first_bad->number, 2);
  EXPECT_EQ(map.stats.first_bad->offset, good.size());
}

INSTANTIATE_TEST_SUITE_P(
    Lines, BadMaps,
    testing::Values(BadLine{"\n", SkipReason::unknown_line}, BadLine{"Size: 4 kB\n", SkipReason::unknown_line},
                    BadLine{"2000-1000 r-xp 00000000 fe:01 5 /a\n", SkipReason::unknown_line},
                    BadLine{"2000-2000 r-xp 00000000 fe:01 5 /a\n", SkipReason::unknown_line},
                    BadLine{"-2000-3000 r-xp 00000000 fe:01 5 /a\n", SkipReason::unknown_line},
                    BadLine{"20000000000000000-3000 r-xp 00000000 fe:01 5 /a\n", SkipReason::unknown_line},
                    BadLine{"2000-3000 rwx 00000000 fe:01 5 /a\n", SkipReason::unknown_line},
                    BadLine{"2000-3000 r-xq 00000000 fe:01 5 /a\n", SkipReason::unknown_line},
                    BadLine{"2000-3000 r-xp 00000000 fe01 5 /a\n", SkipReason::unknown_line},
                    BadLine{"2000-3000 r-xp 00000000 fe:01 5/a\n", SkipReason::unknown_line},
                    BadLine{"2000-3000 r-xp 00000000 fe:01 /a\n", SkipReason::unknown_line},
                    BadLine{"2000-3000 r-xp 00000000 fe:01 5 /a\0b\n"s, SkipReason::not_text},
                    BadLine{"2000-3000 r-xp 00000000 fe:01 5 /cut", SkipReason::cut_line},
                    BadLine{"2000-3000 r-xp 00000000 fe:01 5 /" + std::string(20000, 'x') + "\n",
                            SkipReason::line_too_long}));

TEST(ProcessMap, ReadsThisProcess) {
  const ProcessMap map = read_maps(::getpid());
  EXPECT_EQ(map.stats.skipped_records(), 0);
  const auto* const here = map.find(reinterpret_cast<std::uintptr_t>(&parse_maps));
  ASSERT_NE(here, nullptr);
  EXPECT_TRUE(here->executable);
  EXPECT_TRUE(here->path.ends_with("/unit_process_map")) << here->path;
}

TEST(ProcessMap, SaysThatAProcessIsGone) {
  try {
    static_cast<void>(read_maps(0x3fffffff));
    FAIL() << "there is such a process";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), std::errc::no_such_file_or_directory);
    EXPECT_EQ(error.path(), "/proc/1073741823/maps");
    EXPECT_FALSE(error.hint().empty());
  }
}

}  // namespace
}  // namespace fathom
