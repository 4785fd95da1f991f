#include <fathom/base/parse_stats.hpp>

#include <gtest/gtest.h>

#include <linux/perf_event.h>

#include <cstdint>
#include <cstring>
#include <perf/record_walk.hpp>
#include <span>
#include <vector>

namespace fathom::perf {
namespace {

using Words = std::vector<std::uint64_t>;

// A record of so many words, whose header says `size`.
void add(Words& words, std::uint32_t type, std::size_t count, std::size_t size) {
  const perf_event_header header{.type = type, .misc = 0, .size = static_cast<__u16>(size)};
  std::uint64_t first = 0;
  std::memcpy(&first, &header, sizeof first);
  words.push_back(first);
  words.resize(words.size() + count - 1, type);
}

struct Walked {
  std::vector<std::size_t> sizes;
  ParseStats stats;
};

// All records are understood but those of type 0.
Walked walk(const Words& words) {
  Walked walked;
  walk_records(words, walked.stats, [&](std::span<const std::uint64_t> record) {
    walked.sizes.push_back(record.size());
    return static_cast<std::uint32_t>(record[0]) != 0;
  });
  const ParseStats& stats = walked.stats;
  EXPECT_EQ(stats.bytes, words.size() * sizeof words[0]);
  EXPECT_EQ(stats.bytes, stats.parsed_bytes + stats.skipped_bytes);
  EXPECT_EQ(stats.records, stats.parsed_records + stats.skipped_records());
  return walked;
}

TEST(RecordWalk, GivesEachRecord) {
  EXPECT_TRUE(walk({}).sizes.empty());
  Words words;
  for (const std::size_t size : {1U, 5U, 2U})
    add(words, 9, size, size * 8);
  const Walked walked = walk(words);
  EXPECT_EQ(walked.sizes, (std::vector<std::size_t>{1, 5, 2}));
  EXPECT_EQ(walked.stats.parsed_records, 3U);
  EXPECT_EQ(walked.stats.parsed_bytes, 64U);
}

TEST(RecordWalk, WhatIsNotUnderstoodIsCountedAndTheRestIsGiven) {
  Words words;
  add(words, 9, 2, 16);
  add(words, 0, 3, 24);
  add(words, 9, 1, 8);
  const Walked walked = walk(words);
  EXPECT_EQ(walked.sizes.size(), 3U);
  EXPECT_EQ(walked.stats.parsed_records, 2U);
  EXPECT_EQ(walked.stats.skipped(SkipReason::unknown_line), 1U);
  ASSERT_TRUE(walked.stats.first_bad);
  EXPECT_EQ(walked.stats.first_bad->number, 2U);
  EXPECT_EQ(walked.stats.first_bad->offset, 16U);
}

TEST(RecordWalk, BehindASizeThatCannotBeNothingIsFound) {
  for (const std::size_t size : {0U, 7U, 9U, 12U, 40U, 65528U}) {
    Words words;
    add(words, 9, 2, 16);
    add(words, 9, 2, size);
    add(words, 9, 2, 16);
    const Walked walked = walk(words);
    EXPECT_EQ(walked.sizes.size(), 1U) << size;
    EXPECT_EQ(walked.stats.skipped(SkipReason::cut_line), 1U) << size;
    EXPECT_EQ(walked.stats.skipped_bytes, 32U) << size;
  }
}

}  // namespace
}  // namespace fathom::perf
