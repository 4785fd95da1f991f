#include "btf_builder.hpp"

#include <fathom/base/error.hpp>
#include <fathom/btf/btf.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <ranges>
#include <string>
#include <vector>

namespace fathom {
namespace {

using test::BtfBuilder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

static_assert(std::ranges::random_access_range<BtfList<BtfMember>>);
static_assert(std::ranges::forward_range<BtfNamed>);

std::vector<std::uint32_t> ids(const BtfNamed& named) {
  std::vector<std::uint32_t> out;
  for (const BtfType type : named)
    out.push_back(type.id());
  return out;
}

TEST(Btf, AllOfANameComeInTheOrderOfIds) {
  BtfBuilder builder;
  const auto number = builder.integer("int", 4);
  builder.add(builder.name("task"), BtfBuilder::info(BtfKind::struct_), 0);
  builder.reference(BtfKind::typedef_, number, "task");
  builder.reference(BtfKind::ptr, number);
  builder.add(builder.name("task"), BtfBuilder::info(BtfKind::struct_), 8);
  const Btf btf = builder.parse();
  EXPECT_THAT(ids(btf.named("task")), ElementsAre(2, 3, 5));
  EXPECT_THAT(ids(btf.named("tas")), IsEmpty());
  EXPECT_THAT(ids(btf.named("")), IsEmpty());
  EXPECT_EQ(btf.find(BtfKind::struct_, "task")->id(), 2U);
  EXPECT_EQ(btf.find(BtfKind::typedef_, "task")->id(), 3U);
  EXPECT_EQ(btf.find(BtfKind::union_, "task"), std::nullopt);
  EXPECT_EQ(btf.id_count(), 6U);
  EXPECT_EQ(btf.type(6), std::nullopt);
}

TEST(Btf, AModulesTypesGoOnWhereTheKernelsEnd) {
  BtfBuilder kernel;
  const auto number = kernel.integer("long", 4);
  kernel.add(kernel.name("inode"), BtfBuilder::info(BtfKind::struct_), 16);
  std::optional<Btf> base = kernel.parse();

  BtfBuilder module(base->id_count(), static_cast<std::uint32_t>(kernel.strings().size()));
  const auto mine =
      module.add(module.name("my_inode"), BtfBuilder::info(BtfKind::struct_, 1), 16, {module.name("i"), 2, 0});
  module.reference(BtfKind::ptr, mine);
  module.reference(BtfKind::typedef_, number, "inode");
  const Btf split = Btf::parse(module.bytes(), *base);
  base.reset();  // the module's keeps it

  EXPECT_EQ(split.first_own_id(), 3U);
  EXPECT_EQ(split.id_count(), 6U);
  EXPECT_EQ(std::ranges::distance(split.own_types()), 3);
  EXPECT_EQ(std::ranges::distance(split.types()), 6);
  const auto found = split.find(BtfKind::struct_, "my_inode");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->members()[0].type.to_c("i"), "struct inode i");
  EXPECT_EQ(split.type(4)->to_c(), "struct my_inode *");
  EXPECT_EQ(split.type(4)->size(), 4U) << "the size of a pointer is the base's";
  EXPECT_THAT(ids(split.named("inode")), ElementsAre(2, 5));
}

TEST(Btf, AModulesAloneIsAnErrorThatSaysSo) {
  BtfBuilder module(3, 9);
  module.integer("short", 2);
  try {
    static_cast<void>(Btf::parse(module.bytes()));
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("needs that of the kernel as base"));
  }
}

template <typename T>
concept FindsAType = requires(T&& btf) { std::forward<T>(btf).find(BtfKind::int_, "int"); };
static_assert(FindsAType<const Btf&> && !FindsAType<Btf>);  // a view into what ends with the expression

TEST(Btf, IsWholeAfterItWasMovedFrom) {
  BtfBuilder builder;
  builder.integer("int", 4);
  Btf from = builder.parse();
  const Btf to = std::move(from);
  EXPECT_EQ(from.type(1), to.type(1));  // NOLINT(bugprone-use-after-move): that is what is tried
  EXPECT_EQ(from.id_count(), 2U);
}

TEST(Btf, OldBitFieldsAreIntsNarrowerThanTheirBytes) {
  BtfBuilder builder;
  const auto narrow = builder.add(builder.name("unsigned int"), BtfBuilder::info(BtfKind::int_), 4, {5U << 16U | 3U});
  builder.add(builder.name("flags"), BtfBuilder::info(BtfKind::struct_, 1), 4, {builder.name("f"), narrow, 32});
  const Btf btf = builder.parse();
  const BtfMember member = btf.type(2)->members()[0];
  EXPECT_EQ(member.bit_offset, 37U);
  EXPECT_EQ(member.bitfield_bits, 3U);
}

TEST(Btf, ANewKernelsKindsArePassedOverIfTheirLengthIsTold) {
  BtfBuilder builder;
  builder.add(0, BtfBuilder::info(static_cast<BtfKind>(20), 2), 8, {11, 12, 13});
  builder.integer("int", 4);
  EXPECT_THROW(static_cast<void>(builder.parse()), Error);
  builder.layouts.assign(21 * 4, 0);
  builder.layouts[80] = 4;  // a word of its own and one for each part
  builder.layouts[81] = 4;
  const Btf btf = builder.parse();
  EXPECT_EQ(to_string(btf.type(1)->kind()), "UNKNOWN");
  EXPECT_EQ(btf.type(1)->size(), std::nullopt);
  EXPECT_EQ(btf.type(1)->to_c(), "...");
  EXPECT_EQ(btf.find(BtfKind::int_, "int")->id(), 2U);
}

TEST(Btf, MoreThan65535MembersAsLinux71Counts) {
  BtfBuilder builder;
  const auto number = builder.integer("char", 1);
  std::vector<std::uint32_t> members;
  for (std::uint32_t i = 0; i < 70'000; ++i)
    members.insert(members.end(), {0, number, i * 8});
  builder.add(builder.name("huge"), BtfBuilder::info(BtfKind::struct_, 70'000), 70'000, members);
  const Btf btf = builder.parse();
  EXPECT_EQ(btf.type(2)->members().size(), 70'000U);
  EXPECT_EQ(btf.type(2)->members()[69'999].byte_offset(), 69'999U);
}

TEST(Btf, LoadingNamesFileAndReason) {
  try {
    static_cast<void>(Btf::load("/nowhere/vmlinux"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), std::errc::no_such_file_or_directory);
    EXPECT_EQ(error.path(), "/nowhere/vmlinux");
    EXPECT_THAT(error.hint(), HasSubstr("CONFIG_DEBUG_INFO_BTF"));
  }
  try {
    static_cast<void>(Btf::load("/"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), std::errc::is_a_directory);
  }
  try {
    static_cast<void>(Btf::load(FATHOM_TEST_DATA "/btf/types.c"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), std::errc::invalid_argument);
    EXPECT_THAT(error.what(), HasSubstr("magic"));
    EXPECT_THAT(error.path(), HasSubstr("types.c"));
  }
}

}  // namespace
}  // namespace fathom
