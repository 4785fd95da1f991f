#include "page_builder.hpp"

#include <fathom/base/error.hpp>
#include <fathom/rawtrace/format_registry.hpp>
#include <fathom/rawtrace/function_totals.hpp>
#include <fathom/rawtrace/page_decoder.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace fathom {
namespace {

using test::PageBuilder;

constexpr std::uint16_t kExit = 10;
constexpr std::uint16_t kOther = 11;
constexpr std::uint32_t kExitWords = 9;

std::string exit_format(std::string_view rettime) {
  return "name: funcgraph_exit\nID: 10\nformat:\n"
         "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
         "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
         "\tfield:unsigned long func;\toffset:8;\tsize:8;\tsigned:0;\n"
         "\tfield:unsigned long long calltime;\toffset:20;\tsize:8;\tsigned:0;\n"
         "\tfield:unsigned long long " +
         std::string(rettime) + ";\toffset:28;\tsize:8;\tsigned:0;\n";
}

FormatRegistry formats_of(const PageLayout& layout) {
  FormatRegistry formats(layout);
  formats.add("ftrace", exit_format("rettime"));
  return formats;
}

void add_long(PageBuilder& page, const PageLayout& layout, std::uint64_t value) {
  const auto low = static_cast<std::uint32_t>(value);
  const auto high = static_cast<std::uint32_t>(value >> 32U);
  const bool little = layout.byte_order == std::endian::little;
  page.word(little ? low : high).word(little ? high : low);
}

void add_exit(PageBuilder& page, const PageLayout& layout, std::uint64_t function, std::uint64_t calltime,
              std::uint64_t rettime) {
  page.head(kExitWords, 3);
  page.word(layout.byte_order == std::endian::little ? kExit : std::uint32_t{kExit} << 16U).word(77);
  add_long(page, layout, function);
  page.word(0);
  add_long(page, layout, calltime);
  add_long(page, layout, rettime);
}

// What the totals have to be: of a decoder and a map.
struct Reference {
  FieldReader<std::uint64_t> function;
  FieldReader<std::uint64_t> calltime;
  FieldReader<std::uint64_t> rettime;
  std::map<std::uint64_t, FunctionTotal> totals{};
  std::uint64_t cut = 0;

  explicit Reference(const EventFormat& exit)
      : function(exit, "func"), calltime(exit, "calltime"), rettime(exit, "rettime") {}
  void on(const RawRecord& record) {
    if (record.id != kExit)
      return;
    if (!rettime(record.bytes())) {
      ++cut;
      return;
    }
    FunctionTotal& total = totals[*function(record.bytes())];
    total.function = *function(record.bytes());
    ++total.calls;
    total.nanoseconds += *rettime(record.bytes()) - *calltime(record.bytes());
  }
};

std::vector<FunctionTotal> sorted(std::vector<FunctionTotal> totals) {
  std::ranges::sort(totals, {}, &FunctionTotal::function);
  return totals;
}

void expect_same(const PageLayout& layout, std::span<const std::byte> pages) {
  const FormatRegistry formats = formats_of(layout);
  const EventFormat& exit = *formats.find("ftrace", "funcgraph_exit");
  Reference reference(exit);
  PageDecoder decoder(formats);
  decoder.feed(0, pages, reference);
  std::vector<FunctionTotal> expected;
  for (const auto& [function, total] : reference.totals)
    expected.push_back(total);

  FunctionTotals totals(exit, formats.id_offset());
  totals.feed(layout, pages);
  EXPECT_EQ(sorted(totals.totals()), expected);
  const ParseStats& ours = totals.stats();
  const ParseStats& theirs = decoder.stats();
  EXPECT_EQ(ours.bytes, pages.size());
  EXPECT_EQ(ours.parsed_bytes + ours.skipped_bytes, ours.bytes);
  EXPECT_EQ(ours.records, theirs.records);
  EXPECT_EQ(ours.parsed_records + ours.skipped_records(), ours.records);
  EXPECT_EQ(ours.skipped(SkipReason::short_event), reference.cut);
  EXPECT_EQ(ours.losses, theirs.losses);
  EXPECT_EQ(ours.lost_events, theirs.lost_events);
  for (const SkipReason reason : {SkipReason::bad_event, SkipReason::bad_page, SkipReason::cut_page})
    EXPECT_EQ(ours.skipped(reason), theirs.skipped(reason));
  if (theirs.first_bad && reference.cut == 0) {
    EXPECT_EQ(ours.first_bad->number, theirs.first_bad->number);
    EXPECT_EQ(ours.first_bad->offset, theirs.first_bad->offset);
    EXPECT_EQ(ours.first_bad->text, theirs.first_bad->text);
  }
}

// Eleven pages: two groups and a rest. Some have what is rare.
std::vector<std::byte> pages_of(const PageLayout& layout, bool rare) {
  std::vector<std::byte> pages;
  std::mt19937 random(7);
  for (std::uint32_t i = 0; i < 11; ++i) {
    PageBuilder page(layout, 1000);
    for (std::uint32_t k = 0; k < 40 + i; ++k) {
      page.record(kOther, 1, 2 + random() % 4);
      add_exit(page, layout, 0xffff'ffff'8100'0000U + (random() % 3000) * 16, k, k + random() % 100);
    }
    page.extend(1U << 30U).record(kOther, 2, 1);
    if (rare && i == 2)
      page.missed(5);
    if (rare && i == 3)
      page.discarded(4, 5);
    if (rare && i == 4)
      page.record(kExit, 1, 8);  // too short for its last field
    if (rare && i == 5)
      page.rest_is_padding();
    if (rare && i == 6)
      page.commit(5000);
    if (rare && i == 7)
      page.long_record(kOther, 1, 40);
    if (rare && i == 8)
      page.head(20, 1);  // longer than what is left
    const std::vector<std::byte> bytes = page.page();
    pages.insert(pages.end(), bytes.begin(), bytes.end());
  }
  return pages;
}

TEST(FunctionTotals, AddsUpTheCallsOfEachFunction) {
  const PageLayout layout;
  PageBuilder page(layout, 0);
  add_exit(page, layout, 0x1000, 10, 15);
  page.record(kOther, 1);
  add_exit(page, layout, 0x2000, 10, 40);
  add_exit(page, layout, 0x1000, 20, 22);
  const FormatRegistry formats = formats_of(layout);
  FunctionTotals totals(*formats.find("ftrace", "funcgraph_exit"));
  const auto bytes = page.page();
  totals.feed(layout, bytes);
  FunctionTotals more = totals;
  more += totals;
  const std::vector<FunctionTotal> once = {{0x1000, 2, 7}, {0x2000, 1, 30}};
  const std::vector<FunctionTotal> twice = {{0x1000, 4, 14}, {0x2000, 2, 60}};
  EXPECT_EQ(sorted(totals.totals()), once);
  EXPECT_EQ(sorted(more.totals()), twice);
  EXPECT_EQ(more.stats().parsed_records, 8U);
}

TEST(FunctionTotals, AgreesWithTheDecoder) {
  for (const std::endian order : {std::endian::little, std::endian::big}) {
    for (const std::uint32_t long_size : {8U, 4U}) {
      const PageLayout layout{.byte_order = order, .long_size = long_size, .data_offset = 8 + long_size};
      for (const bool rare : {false, true})
        expect_same(layout, pages_of(layout, rare));
    }
  }
}

TEST(FunctionTotals, AgreesWithTheDecoderOnDamagedPages) {
  const PageLayout layout;
  const std::vector<std::byte> good = pages_of(layout, false);
  std::mt19937 random(11);
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::byte> bad = good;
    for (std::uint32_t i = random() % 8; i != 0; --i)
      bad[random() % bad.size()] ^= static_cast<std::byte>(1U << random() % 8);
    if (random() % 2 == 0)
      bad.resize(random() % bad.size());
    expect_same(layout, bad);
    if (testing::Test::HasFailure())
      FAIL() << "round " << round;
  }
}

TEST(FunctionTotals, RefusesAFormatWithoutTheTimes) {
  FormatRegistry formats;
  formats.add("ftrace", exit_format("duration"));
  EXPECT_THROW(FunctionTotals(*formats.find("ftrace", "funcgraph_exit")), Error);
}

}  // namespace
}  // namespace fathom
