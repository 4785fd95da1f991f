// Lines: which are symbols, and what becomes of the others.

#include <fathom/symbols/kallsyms_index.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fathom {
namespace {

using namespace std::string_literals;

const std::string kGood = "ffffffff81000000 T good\n";

struct BadLine {
  const char* title;
  std::string line;  // with its newline, or the rest of the file
  SkipReason reason;
};

TEST(KallsymsParse, LinesThatAreNoneAreCountedByReason) {
  const std::vector<BadLine> lines = {
      {"prose", "hello\n", SkipReason::unknown_line},
      {"an empty line", "\n", SkipReason::unknown_line},
      {"an address alone", "ffffffff81000010\n", SkipReason::unknown_line},
      {"no name", "ffffffff81000010 T \n", SkipReason::unknown_line},
      {"no type", "ffffffff81000010 f\n", SkipReason::unknown_line},
      {"two letters", "ffffffff81000010 Tt f\n", SkipReason::unknown_line},
      {"more behind the name", "ffffffff81000010 T f g\n", SkipReason::unknown_line},
      {"a blank before the bracket", "ffffffff81000010 T f [ext4]\n", SkipReason::unknown_line},
      {"an open bracket", "ffffffff81000010 T f\t[ext4\n", SkipReason::unknown_line},
      {"an empty bracket", "ffffffff81000010 T f\t[]\n", SkipReason::unknown_line},
      {"a blank in the bracket", "ffffffff81000010 T f\t[ex t4]\n", SkipReason::unknown_line},
      {"a tab and nothing", "ffffffff81000010 T f\t\n", SkipReason::unknown_line},
      {"two carriage returns", "ffffffff81000010 T f\r\r\n", SkipReason::unknown_line},
      {"seven digits", "8100001 T f\n", SkipReason::bad_address},
      {"fifteen digits", "fffffff81000010 T f\n", SkipReason::bad_address},
      {"seventeen digits", "fffffffff81000010 T f\n", SkipReason::bad_address},
      {"forty digits", std::string(40, 'f') + " T f\n", SkipReason::bad_address},
      {"eight digits among sixteen", "81000010 T f\n", SkipReason::bad_address},
      {"upper case", "FFFFFFFF81000010 T f\n", SkipReason::bad_address},
      {"a prefix", "0xffffffff810000 T f\n", SkipReason::bad_address},
      {"a letter behind f", "fffffffg81000010 T f\n", SkipReason::bad_address},
      {"a letter behind f, later", "ffffffff8100001o T f\n", SkipReason::bad_address},
      {"a sign", "-fffffff81000010 T f\n", SkipReason::bad_address},
      {"a digit for a type", "ffffffff81000010 1 f\n", SkipReason::bad_type},
      {"a blank for a type", "ffffffff81000010   f\n", SkipReason::bad_type},
      {"a high byte for a type", "ffffffff81000010 \xc3 f\n", SkipReason::bad_type},
      {"600 bytes of name", "ffffffff81000010 T " + std::string(600, 'n') + "\n", SkipReason::name_too_long},
      {"512 bytes of name", "ffffffff81000010 T " + std::string(512, 'n') + "\n", SkipReason::name_too_long},
      {"a line of 2000", "ffffffff81000010 T " + std::string(2000, 'n') + "\n", SkipReason::line_too_long},
      {"NUL in the name", "ffffffff81000010 T f\0g\n"s, SkipReason::not_text},
      {"NUL in the address", "ffffffff8100\0 T f\n"s, SkipReason::not_text},
      {"NUL for a type", "ffffffff81000010 \0 f\n"s, SkipReason::not_text},
      {"NULs", std::string(50, '\0') + "\n", SkipReason::not_text},
      {"no newline", "ffffffff81000010 T vfs_re", SkipReason::cut_line},
      {"a long line without newline", std::string(3000, 'x'), SkipReason::line_too_long},
  };
  for (const BadLine& bad : lines) {
    SCOPED_TRACE(bad.title);
    const auto index = KallsymsIndex::parse(kGood + bad.line);
    ASSERT_EQ(index.size(), 1U);
    EXPECT_EQ(index.symbols().front().name(), "good");
    const ParseStats& stats = index.stats();
    EXPECT_EQ(stats.skipped(bad.reason), 1U);
    EXPECT_EQ(stats.records, 2U);
    EXPECT_EQ(stats.parsed_records, 1U);
    EXPECT_EQ(stats.bytes, kGood.size() + bad.line.size());
    EXPECT_EQ(stats.parsed_bytes, kGood.size());
    EXPECT_EQ(stats.skipped_bytes, bad.line.size());
    ASSERT_TRUE(stats.first_bad);
    EXPECT_EQ(stats.first_bad->number, 2U);
    EXPECT_EQ(stats.first_bad->offset, kGood.size());
    EXPECT_EQ(stats.first_bad->reason, bad.reason);
    EXPECT_EQ(stats.first_bad->text.substr(0, 10), bad.line.substr(0, bad.line.find('\n')).substr(0, 10));
  }
}

TEST(KallsymsParse, WhatTheKernelPrintsIsTaken) {
  const std::string longest(511, 'n');
  const std::string text =
      "0000000000001000 A cpu_debug_store\n"
      "ffffffff81000000 T crlf\r\n"
      "ffffffff81000010 t " +
      longest +
      "\n"
      "ffffffff81000020 ? odd\n"
      "ffffffff81000030 t r\xc3\xa9sum\xe9\n"
      "ffffffff81000040 t L0\1\n"
      "ffffffffc0000000 t f\t[ext4]\n"
      "ffffffffc0000010 t g\t[ext4]\r\n"
      "ffffffffffffffff t last\n";
  const auto index = KallsymsIndex::parse(text);
  EXPECT_EQ(index.stats().skipped_records(), 0U);
  EXPECT_FALSE(index.stats().first_bad);
  ASSERT_EQ(index.size(), 9U);
  const SymbolRange all = index.symbols();
  EXPECT_EQ(all[1].name(), "crlf");
  EXPECT_EQ(all[2].name(), longest);
  EXPECT_EQ(all[3].type().letter(), '?');
  EXPECT_EQ(all[4].name(), "r\xc3\xa9sum\xe9");
  EXPECT_EQ(all[5].name(), "L0\1");
  EXPECT_EQ(all[6].module(), "ext4");
  EXPECT_EQ(all[7].module(), "ext4");
  EXPECT_EQ(all[8].address(), ~0UL);
  EXPECT_EQ(index.find(~0UL)->name(), "last");
}

TEST(KallsymsParse, AKernelOf32Bits) {
  const auto index = KallsymsIndex::parse("c0100000 T _stext\nc0100010 T f\nc0200000 T _etext\nbf000000 t g\t[ext4]\n");
  EXPECT_EQ(index.size(), 4U);
  EXPECT_EQ(index.find(0xc010'0018)->name(), "f");
  EXPECT_EQ(index.find(0xbf00'0001)->name(), "g");
  EXPECT_FALSE(index.find(0xc020'0001));
}

TEST(KallsymsParse, ACutFirstLineDoesNotPassFor32Bits) {
  const auto index = KallsymsIndex::parse("81000000 T cut\n81000008 T also\n" + kGood + "ffffffff81000010 T f\n");
  ASSERT_EQ(index.size(), 2U);
  EXPECT_EQ(index.symbols().front().name(), "good");
  EXPECT_TRUE(index.named("cut").empty());
  const ParseStats& stats = index.stats();
  EXPECT_EQ(stats.skipped(SkipReason::bad_address), 2U);
  EXPECT_EQ(stats.parsed_records, 2U);
  EXPECT_EQ(stats.bytes, stats.parsed_bytes + stats.skipped_bytes);
  EXPECT_EQ(stats.first_bad->number, 1U);
  EXPECT_EQ(stats.first_bad->text, "81000000 T cut");
}

TEST(KallsymsParse, UndefinedSymbolsAreUnderstoodAndLeftOut) {
  const auto index = KallsymsIndex::parse(kGood + "0000000000000000 U printk\t[ext4]\n");
  EXPECT_EQ(index.size(), 1U);
  EXPECT_EQ(index.stats().skipped_records(), 0U);
  EXPECT_EQ(index.stats().parsed_records, 2U);
}

TEST(KallsymsParse, NothingGivesNothing) {
  for (const auto& index : {KallsymsIndex::parse(""), KallsymsIndex()}) {
    EXPECT_TRUE(index.empty());
    EXPECT_FALSE(index.find(0));
    EXPECT_FALSE(index.find(~0UL));
    EXPECT_TRUE(index.named("f").empty());
    EXPECT_TRUE(index.named("").empty());
    EXPECT_TRUE(index.prefixed("").empty());
    EXPECT_TRUE(index.aliases(0).empty());
    EXPECT_TRUE(index.modules().empty());
    EXPECT_TRUE(index.only("f").absent());
  }
}

TEST(KallsymsParse, MoreModulesThanCanBeNumberedAreCounted) {
  std::string text = kGood;
  constexpr int kModules = 70'000;
  for (int i = 0; i < kModules; ++i)
    text += "ffffffffc0000000 t f\t[m" + std::to_string(i) + "]\n";
  text += "ffffffff81000010 T behind\n";
  const auto index = KallsymsIndex::parse(text);
  EXPECT_EQ(index.modules().size(), 65'535U);
  EXPECT_EQ(index.stats().skipped(SkipReason::table_full), kModules - 65'535U);
  EXPECT_EQ(index.stats().records, index.stats().parsed_records + index.stats().skipped_records());
  ASSERT_TRUE(index.only("behind"));
  EXPECT_EQ(index.only("behind")->module(), "");
  EXPECT_EQ(index.named("f").size(), 65'535U);
}

}  // namespace
}  // namespace fathom
