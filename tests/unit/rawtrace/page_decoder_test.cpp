#include "page_builder.hpp"

#include <fathom/base/error.hpp>
#include <fathom/rawtrace/event_merger.hpp>
#include <fathom/rawtrace/page_decoder.hpp>

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace fathom {
namespace {

using test::PageBuilder;
using test::RecordNotes;

struct LayoutCase {
  const char* name;
  PageLayout layout;
};

std::string decode(PageDecoder& decoder, const std::vector<std::byte>& pages) {
  RecordNotes notes;
  decoder.feed(0, pages, notes);
  return notes.notes();
}

void expect_account(const ParseStats& stats) {
  EXPECT_EQ(stats.bytes, stats.parsed_bytes + stats.skipped_bytes);
  EXPECT_EQ(stats.records, stats.parsed_records + stats.skipped_records());
}

class AnyLayout : public testing::TestWithParam<LayoutCase> {
 protected:
  [[nodiscard]] PageBuilder page(std::uint64_t time) const { return PageBuilder(GetParam().layout, time); }
  PageDecoder decoder_{GetParam().layout};
};

TEST_P(AnyLayout, EveryKindOfHeader) {
  const auto bytes = page(1000)
                         .record(5, 10)
                         .extend((std::uint64_t{3} << 27U) + 7)
                         .record(6, 1, 28)
                         .discarded(9, 3)
                         .stamp(5'000'000'000)
                         .long_record(7, 2, 40)
                         .record(8, 0x7ffffff, 1)
                         .rest_is_padding()
                         .word(0xffffffff)
                         .page();
  const std::uint64_t extended = 1010 + (std::uint64_t{3} << 27U) + 7 + 1;
  EXPECT_EQ(decode(decoder_, bytes), "5@1010+6 6@" + std::to_string(extended) + "+7 7@5000000002+8 8@" +
                                         std::to_string(5'000'000'002 + 0x7ffffff));
  expect_account(decoder_.stats());
  EXPECT_EQ(decoder_.stats().parsed_bytes, bytes.size());
  EXPECT_EQ(decoder_.stats().records, 4U);
  EXPECT_EQ(decoder_.counts(), (PageCounts{1, 1, 1, 1}));
}

TEST_P(AnyLayout, StampsTakeTheirTopBitsFromTheRunningTime) {
  constexpr std::uint64_t kTop = std::uint64_t{3} << 59U;
  EXPECT_EQ(decode(decoder_, page(kTop + 1000).stamp(2000).record(5, 0).page()), "5@" + std::to_string(kTop + 2000));
  EXPECT_EQ(decode(decoder_, page(kTop + 1000).stamp(10).record(5, 0).page()),
            "5@" + std::to_string((std::uint64_t{4} << 59U) + 10));
}

TEST_P(AnyLayout, LossesComeBeforeTheRecordBehindThem) {
  std::vector<std::byte> bytes = page(0).record(1, 1).page();
  const auto append = [&bytes](const std::vector<std::byte>& more) {
    bytes.insert(bytes.end(), more.begin(), more.end());
  };
  append(page(10).record(2, 0).missed(7).page());
  append(page(20).missed(std::nullopt).page());
  append(page(30).record(3, 0).missed(2).page());
  append(page(40).missed(9).page());
  EXPECT_EQ(decode(decoder_, bytes), "1@1 lost 7 2@10 lost ? 3@30 lost 9");
  EXPECT_EQ(decoder_.stats().losses, 4U);
  EXPECT_EQ(decoder_.stats().lost_events, 18U);
  expect_account(decoder_.stats());
}

// A full page has no room for the count.
TEST_P(AnyLayout, LossWithoutRoomHasNoCount) {
  PageBuilder builder = page(0);
  const std::uint32_t words = GetParam().layout.data_size / 4;
  builder.long_record(1, 0, words - 2);
  std::vector<std::byte> bytes = builder.missed(5).page();
  EXPECT_EQ(decode(decoder_, bytes), "lost ? 1@0");
  EXPECT_EQ(decoder_.stats().losses, 1U);
  EXPECT_EQ(decoder_.stats().lost_events, 0U);
}

TEST_P(AnyLayout, WhatCannotBeIsSkippedToTheEndOfItsPage) {
  struct Case {
    const char* what;
    std::vector<std::byte> page;
    const char* records;
    SkipReason reason;
  };
  const Case cases[] = {
      {"longer than the page", page(0).record(1, 0).head(28, 0).word(0).page(), "1@0", SkipReason::bad_event},
      {"length 0", page(0).record(1, 0).head(0, 0).word(0).word(0).page(), "1@0", SkipReason::bad_event},
      {"length 3", page(0).record(1, 0).head(0, 0).word(3).word(0).page(), "1@0", SkipReason::bad_event},
      {"huge length", page(0).record(1, 0).head(0, 0).word(0xffffffff).word(0).page(), "1@0", SkipReason::bad_event},
      {"huge discarded", page(0).record(1, 0).head(29, 1).word(0xffffffff).word(0).page(), "1@0",
       SkipReason::bad_event},
      {"discarded of 0", page(0).record(1, 0).head(29, 1).word(0).word(0).page(), "1@0", SkipReason::bad_event},
      {"half a time extend", page(0).record(1, 0).head(30, 0).page(), "1@0", SkipReason::bad_event},
      {"half a word", page(0).record(1, 0).word(0).commit(14).page(), "1@0", SkipReason::bad_event},
      {"commit beyond the page", page(0).record(1, 0).commit(GetParam().layout.data_size + 1).page(), "",
       SkipReason::bad_page},
      {"no room for a number", page(0).head(0, 0).word(4).record(1, 0).page(), "1@0", SkipReason::bad_event},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    PageDecoder decoder(GetParam().layout);
    EXPECT_EQ(decode(decoder, c.page), c.records);
    EXPECT_EQ(decoder.stats().skipped(c.reason), 1U);
    EXPECT_EQ(decoder.stats().skipped_records(), 1U);
    EXPECT_GT(decoder.stats().skipped_bytes, 0U);
    ASSERT_TRUE(decoder.stats().first_bad);
    expect_account(decoder.stats());
  }
}

TEST_P(AnyLayout, CutPagesGiveTheirWholeRecords) {
  const auto bytes = page(100).record(1, 1, 3).record(2, 1, 3).page();
  const std::uint32_t head = GetParam().layout.data_offset;
  for (std::size_t size = 1; size < head + 32; ++size) {
    SCOPED_TRACE(size);
    PageDecoder decoder(GetParam().layout);
    const std::vector<std::byte> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(decode(decoder, cut), size < head + 16 ? "" : "1@101");
    EXPECT_EQ(decoder.stats().bytes, size);
    EXPECT_EQ(decoder.stats().skipped(SkipReason::cut_page), 1U);
    EXPECT_EQ(decoder.stats().skipped_records(), 1U);
    expect_account(decoder.stats());
  }
}

TEST_P(AnyLayout, BrokenBitsNeverLeaveTheBytes) {
  std::mt19937 random(7);
  const auto whole = page(1000)
                         .record(5, 10)
                         .extend(1U << 30U)
                         .long_record(6, 1, 60)
                         .discarded(9, 3)
                         .stamp(5'000'000)
                         .record(8, 3, 20)
                         .missed(4)
                         .page();
  for (int run = 0; run < 2000; ++run) {
    std::vector<std::byte> bytes(whole.begin(), whole.begin() + 400);
    bytes.insert(bytes.end(), whole.begin() + 400, whole.end());
    for (unsigned flips = 1 + random() % 8; flips > 0; --flips)
      bytes[random() % 400] ^= static_cast<std::byte>(1U << random() % 8);
    PageDecoder decoder(GetParam().layout);
    decode(decoder, bytes);
    EXPECT_EQ(decoder.stats().bytes, bytes.size());
    expect_account(decoder.stats());
  }
}

INSTANTIATE_TEST_SUITE_P(
    Of, AnyLayout,
    testing::Values(
        LayoutCase{"little64", {.byte_order = std::endian::little}},
        LayoutCase{"big64", {.byte_order = std::endian::big}},
        LayoutCase{"little32",
                   {.byte_order = std::endian::little, .long_size = 4, .data_offset = 12, .data_size = 4084}},
        LayoutCase{"big32", {.byte_order = std::endian::big, .long_size = 4, .data_offset = 12, .data_size = 4084}},
        LayoutCase{"sub_buffer", {.byte_order = std::endian::little, .data_size = 65520}}),
    [](const auto& layout) { return layout.param.name; });

TEST(EventMerger, TakesTheEarliestAndOfEqualOnesTheLowestCpu) {
  const PageLayout layout;
  EventMerger merger(layout);
  const auto zero = PageBuilder(layout, 100).record(1, 0).record(2, 50).missed(3).page();
  const auto one = PageBuilder(layout, 100).record(3, 0).record(4, 10).record(5, 40).page();
  const auto four = PageBuilder(layout, 90).record(6, 0).page();
  const std::vector<std::byte> none;
  merger.add(4, four);
  merger.add(1, one);
  merger.add(2, none);
  merger.add(0, zero);
  EXPECT_THROW(merger.add(1, one), Error);
  RecordNotes notes;
  merger.drain(notes);
  EXPECT_EQ(notes.notes(), "6@90/4 lost 3 1@100+2 3@100/1+4 4@110/1+5 2@150 5@150/1");
  EXPECT_EQ(merger.stats().records, 6U);
  EXPECT_EQ(merger.stats().bytes, 3 * layout.page_size());
  EXPECT_EQ(merger.counts().pages, 3U);
  merger.add(1, one);
  RecordNotes again;
  merger.drain(again);
  EXPECT_EQ(again.notes(), "3@100/1+4 4@110/1+5 5@150/1");
}

TEST(EventMerger, TakesPagesOfSeveralSizes) {
  const PageLayout small;
  PageLayout large;
  large.data_size = 65520;
  EventMerger merger(small);
  const auto zero = PageBuilder(small, 100).record(1, 0).page();
  auto one = PageBuilder(large, 90).record(2, 0).record(3, 20).page();
  const auto more = PageBuilder(large, 120).record(4, 0).page();
  one.insert(one.end(), more.begin(), more.end());
  merger.add(0, zero);
  merger.add(1, one, large);
  RecordNotes notes;
  merger.drain(notes);
  EXPECT_EQ(notes.notes(), "2@90/1+3 1@100 3@110/1+4 4@120/1");
  EXPECT_EQ(merger.stats().skipped_records(), 0U);
  EXPECT_EQ(merger.counts().pages, 3U);
  large.byte_order = std::endian::big;
  EXPECT_THROW(merger.add(2, one, large), Error);
}

// A record's time is not always above that of the one before it: a CPU's own order stays.
TEST(EventMerger, AgreesWithASortForManyCpus) {
  const PageLayout layout;
  std::mt19937 random(3);
  std::vector<std::vector<std::byte>> pages;
  std::vector<std::pair<std::uint64_t, std::uint32_t>> expected;
  for (std::uint32_t cpu = 0; cpu < 37; ++cpu) {
    std::uint64_t time = random() % 50;
    PageBuilder builder(layout, time);
    for (int i = 0; i < 100; ++i) {
      const std::uint32_t delta = random() % 4;
      time += delta;
      builder.record(1, delta);
      expected.emplace_back(time, cpu);
    }
    pages.push_back(builder.page());
  }
  std::sort(expected.begin(), expected.end());
  EventMerger merger(layout);
  for (std::uint32_t cpu = 0; cpu < pages.size(); ++cpu)
    merger.add(cpu, pages[cpu]);
  struct {
    std::vector<std::pair<std::uint64_t, std::uint32_t>> seen;
    void on(const RawRecord& record) { seen.emplace_back(record.time, record.cpu); }
  } sink;
  merger.drain(sink);
  EXPECT_EQ(sink.seen, expected);
}

}  // namespace
}  // namespace fathom
