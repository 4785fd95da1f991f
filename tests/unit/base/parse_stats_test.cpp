#include <fathom/base/parse_stats.hpp>

#include <gtest/gtest.h>

#include <set>
#include <string_view>

namespace fathom {
namespace {

TEST(ParseStats, AddsUpAndKeepsTheFirstBadRecord) {
  ParseStats a;
  a.bytes = 10;
  a.parsed_bytes = 10;
  a.records = a.parsed_records = 2;
  ParseStats b;
  b.bytes = b.skipped_bytes = 5;
  b.records = 1;
  b.skipped_records_by_reason[static_cast<std::size_t>(SkipReason::cut_line)] = 1;
  b.first_bad = ParseStats::BadRecord{1, 0, SkipReason::cut_line, "x"};
  a += b;
  EXPECT_EQ(a.bytes, 15U);
  EXPECT_EQ(a.bytes, a.parsed_bytes + a.skipped_bytes);
  EXPECT_EQ(a.records, a.parsed_records + a.skipped_records());
  EXPECT_EQ(a.skipped(SkipReason::cut_line), 1U);
  ASSERT_TRUE(a.first_bad);
  EXPECT_EQ(a.first_bad->text, "x");
}

TEST(ParseStats, EveryReasonHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (const SkipReason reason : kSkipReasons)
    names.insert(to_string(reason));
  EXPECT_EQ(names.size(), kSkipReasons.size());
  EXPECT_FALSE(names.contains(""));
}

}  // namespace
}  // namespace fathom
