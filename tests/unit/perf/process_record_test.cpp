#include "record_bytes.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <perf/process_record.hpp>
#include <string_view>
#include <variant>

namespace fathom::perf {
namespace {

void append_text(Bytes& body, std::string_view text) {
  for (const char c : text)
    append(body, c);
  do
    append(body, '\0');
  while (body.size() % 8 != 0);
}

Bytes with_misc(Bytes bytes, std::uint16_t misc) {
  std::memcpy(bytes.data() + offsetof(perf_event_header, misc), &misc, sizeof misc);
  return bytes;
}

Bytes map_bytes(const std::array<std::uint8_t, 24>& file, std::string_view path, std::uint16_t misc) {
  Bytes body;
  append(body, std::uint32_t{41});
  append(body, std::uint32_t{42});
  append(body, std::uint64_t{0x7f0000001000});
  append(body, std::uint64_t{0x2000});
  append(body, std::uint64_t{0x3000});
  append(body, file);
  append(body, std::uint64_t{5});  // protection and flags
  append_text(body, path);
  append(body, std::uint64_t{99});
  return with_misc(record(PERF_RECORD_MMAP2, body), misc);
}

Bytes task_bytes(std::uint32_t type, std::uint32_t pid, std::uint32_t parent) {
  Bytes body;
  for (const std::uint32_t value : {pid, parent, pid, parent})
    append(body, value);
  append(body, std::uint64_t{77});
  append(body, std::uint64_t{99});
  return record(type, body);
}

Bytes comm_bytes(std::uint16_t misc) {
  Bytes body;
  append(body, std::uint32_t{41});
  append(body, std::uint32_t{42});
  append_text(body, "sh");
  append(body, std::uint64_t{99});
  return with_misc(record(PERF_RECORD_COMM, body), misc);
}

TEST(ProcessRecord, AMappingByItsFile) {
  const std::array<std::uint8_t, 24> file = {8, 0, 0, 0, 1, 0, 0, 0, 0x39, 0x05};
  const ProcessRecord parsed = parse_process_record(map_bytes(file, "/usr/lib/libc.so.6", PERF_RECORD_MISC_USER));
  const auto& map = std::get<MapRecord>(parsed.what);
  EXPECT_EQ(parsed.time.nanoseconds, 99U);
  EXPECT_EQ(map.pid, 41U);
  EXPECT_EQ(map.address, 0x7f0000001000U);
  EXPECT_EQ(map.length, 0x2000U);
  EXPECT_EQ(map.offset, 0x3000U);
  EXPECT_EQ(map.dev_major, 8U);
  EXPECT_EQ(map.dev_minor, 1U);
  EXPECT_EQ(map.inode, 1337U);
  EXPECT_EQ(map.path, "/usr/lib/libc.so.6");
  EXPECT_EQ(map.build_id, "");
}

TEST(ProcessRecord, AMappingByItsBuildId) {
  std::array<std::uint8_t, 24> file = {3, 0, 0, 0, 0xab, 0x01, 0xff};
  EXPECT_EQ(std::get<MapRecord>(parse_process_record(map_bytes(file, "/bin/sh", 1U << 14U)).what).build_id, "ab01ff");
  file[0] = 255;  // longer than there is room for
  EXPECT_EQ(parse_process_record(map_bytes(file, "/bin/sh", 1U << 14U)).what.index(), 0U);
}

TEST(ProcessRecord, TasksComeAndChange) {
  const auto fork = std::get<ForkRecord>(parse_process_record(task_bytes(PERF_RECORD_FORK, 7, 6)).what);
  EXPECT_EQ(fork.pid, 7U);
  EXPECT_EQ(fork.parent, 6U);
  EXPECT_TRUE(std::holds_alternative<OtherRecord>(parse_process_record(task_bytes(PERF_RECORD_EXIT, 7, 6)).what));
  EXPECT_EQ(std::get<ExecRecord>(parse_process_record(comm_bytes(PERF_RECORD_MISC_COMM_EXEC)).what).pid, 41U);
  EXPECT_TRUE(std::holds_alternative<OtherRecord>(parse_process_record(comm_bytes(0)).what)) << "a new name only";
}

TEST(ProcessRecord, WhatIsCutIsNothing) {
  for (const Bytes& whole : {map_bytes({}, "/x", 0), task_bytes(PERF_RECORD_FORK, 1, 2), comm_bytes(0)}) {
    ASSERT_NE(parse_process_record(whole).what.index(), 0U);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      EXPECT_EQ(parse_process_record(cut).what.index(), 0U) << size;
    }
  }
  EXPECT_EQ(parse_process_record(record(PERF_RECORD_MMAP2, Bytes(96, std::byte{'x'}))).what.index(), 0U)
      << "a path without an end";
  EXPECT_EQ(parse_process_record(record(PERF_RECORD_SAMPLE, Bytes(64))).what.index(), 0U) << "another type";
}

}  // namespace
}  // namespace fathom::perf
