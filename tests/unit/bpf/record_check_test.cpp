#include <fathom/bpf/array_map.hpp>
#include <fathom/bpf/hash_map.hpp>
#include <fathom/bpf/lpm_trie.hpp>
#include <fathom/bpf/record_check.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace {

using fathom::BpfKey;
using fathom::BpfRecord;
using fathom::RecordCheck;
using fathom::RecordLayout;
using fathom::RecordMember;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

struct Open {
  std::int32_t pid;
  char path[12];
};
FATHOM_RECORD(Open, pid, path);

struct Plain {
  std::uint64_t a;
  std::uint64_t b;
};

struct Address {
  std::uint32_t family;
  union {
    std::uint32_t v4;
    std::uint8_t v6[16];
  };
};
FATHOM_RECORD(Address, family, v4, v6);

struct Point {
  std::int32_t x;
  std::int32_t y;
};
FATHOM_RECORD(Point, x, y);

union Word {
  std::uint32_t all;
  std::uint8_t bytes[4];
};
FATHOM_RECORD(Word, all, bytes);

struct Opaque {
  std::uint64_t a;
};

struct Path {
  std::uint64_t id;
  Point corners[3];
  std::array<Point, 2> ends;
  Word word;
  std::uint32_t flags;
  Opaque opaque;
};
FATHOM_RECORD(Path, id, corners, ends, word, flags, opaque);

struct Deep {
  Path path;
};
FATHOM_RECORD(Deep, path);

RecordMember member(std::string name, std::size_t offset, std::size_t size, std::vector<RecordMember> inside = {}) {
  return {.name = std::move(name), .type = "t", .offset = offset, .size = size, .members = std::move(inside)};
}

const RecordLayout kOpen{"struct open", 16, {member("pid", 0, 4), member("path", 4, 12)}};

TEST(RecordMismatch, ARecordThatFitsHasNone) {
  EXPECT_EQ(fathom::record_mismatch<Open>(kOpen), std::nullopt);
  EXPECT_EQ(fathom::record_check<Open>(kOpen), RecordCheck::members);
}

struct Mismatch {
  const char* what;
  RecordLayout layout;
  std::vector<std::string> says;
};
class RecordMismatchOf : public ::testing::TestWithParam<Mismatch> {};

TEST_P(RecordMismatchOf, IsToldWithBothSides) {
  const auto why = fathom::record_mismatch<Open>(GetParam().layout);
  ASSERT_TRUE(why) << GetParam().what;
  for (const std::string& part : GetParam().says)
    EXPECT_THAT(*why, HasSubstr(part));
  EXPECT_THAT(*why, AllOf(HasSubstr("BPF: " + GetParam().layout.name), HasSubstr("Open, 16 bytes")));
}
INSTANTIATE_TEST_SUITE_P(
    All, RecordMismatchOf,
    ::testing::Values(Mismatch{"size",
                               {"struct open", 24, {member("pid", 0, 4), member("path", 4, 20)}},
                               {"it has 24 bytes there and 16 here", "path has 20 bytes there and 12 here",
                                "! 4  path[20]"}},
                      Mismatch{"order",
                               {"struct open", 16, {member("path", 0, 12), member("pid", 12, 4)}},
                               {"path is at 0 there and at 4 here", "pid is at 12 there and at 0 here"}},
                      Mismatch{"name",
                               {"struct open", 16, {member("tgid", 0, 4), member("path", 4, 12)}},
                               {"here is no tgid", "there is no pid", "! 0  tgid[4]"}},
                      Mismatch{"missing", {"struct open", 16, {member("pid", 0, 4)}}, {"there is no path"}}));

TEST(RecordMismatch, WithoutNamesTheSizeAloneIsCompared) {
  const RecordLayout other{"struct pair", 16, {member("x", 0, 8), member("y", 8, 8)}};
  EXPECT_EQ(fathom::record_mismatch<Plain>(other), std::nullopt);
  EXPECT_EQ(fathom::record_check<Plain>(other), RecordCheck::size);
  EXPECT_EQ(fathom::record_check<Open>(RecordLayout{"int", 4, {}}), RecordCheck::size);
  EXPECT_TRUE(fathom::record_mismatch<Plain>(RecordLayout{"struct pair", 8, {}}));
}

TEST(RecordMismatch, MembersOfAnUnnamedUnionAreTheRecordsOwn) {
  const RecordLayout layout{
      "struct address", 20, {member("family", 0, 4), member("", 4, 16, {member("v4", 4, 4), member("v6", 4, 16)})}};
  EXPECT_EQ(fathom::record_mismatch<Address>(layout), std::nullopt);
  RecordLayout moved = layout;
  moved.members[1].members[1].size = 8;
  EXPECT_THAT(fathom::record_mismatch<Address>(moved).value_or(""), HasSubstr("v6 has 8 bytes there and 16 here"));
}

RecordMember point(const char* name, std::size_t offset, std::size_t count) {
  return member(name, offset, 8 * count, {member("x", offset, 4), member("y", offset + 4, 4)});
}

// Path as the BPF side has it, from byte `at` of what holds it.
RecordLayout path_layout(std::size_t at = 0) {
  return {"struct path",
          64,
          {member("id", at, 8), point("corners", at + 8, 3), point("ends", at + 32, 2),
           member("word", at + 48, 4, {member("all", at + 48, 4), member("bytes", at + 48, 4)}),
           member("flags", at + 52, 4), member("opaque", at + 56, 8, {member("other", at + 56, 8)})}};
}

TEST(RecordMismatch, StructsInARecordAreComparedTooAsFarAsTheyAreDescribed) {
  EXPECT_EQ(fathom::record_mismatch<Path>(path_layout()), std::nullopt);
  const RecordLayout deep{"struct deep", 64, {member("path", 0, 64, path_layout().members)}};
  EXPECT_EQ(fathom::record_mismatch<Deep>(deep), std::nullopt);
}

TEST(RecordMismatch, AStructInARecordIsNamedWithItsMember) {
  RecordLayout swapped = path_layout();
  swapped.members[1].members = {member("y", 8, 4), member("x", 12, 4)};
  EXPECT_THAT(fathom::record_mismatch<Path>(swapped).value_or(""),
              AllOf(HasSubstr("corners.y is at 8 there and at 12 here"), HasSubstr("! 8  corners.y[4]"),
                    Not(HasSubstr("ends.y is")), HasSubstr("    32  ends.x[4]")));

  RecordLayout renamed = path_layout();
  renamed.members[2].members[1].name = "z";
  EXPECT_THAT(fathom::record_mismatch<Path>(renamed).value_or(""),
              AllOf(HasSubstr("here is no ends.z"), HasSubstr("there is no ends.y")));

  RecordLayout shorter = path_layout();
  shorter.members[3].members[1].size = 2;
  EXPECT_THAT(fathom::record_mismatch<Path>(shorter).value_or(""),
              HasSubstr("word.bytes has 2 bytes there and 4 here"));

  RecordLayout deep{"struct deep", 64, {member("path", 0, 64, path_layout().members)}};
  deep.members[0].members[1].members[0].name = "left";
  EXPECT_THAT(fathom::record_mismatch<Deep>(deep).value_or(""), HasSubstr("there is no path.corners.x"));
}

TEST(RecordMismatch, BitFieldsHaveNoNameInCpp) {
  RecordLayout layout = kOpen;
  layout.members.push_back({.name = "flag", .type = "int", .offset = 15, .size = 1, .bits = 3});
  EXPECT_EQ(fathom::record_mismatch<Open>(layout), std::nullopt);
}

TEST(RecordMismatch, ALineThatFitsHasNoMark) {
  RecordLayout layout = kOpen;
  layout.members[1].size = 8;
  const std::string why = fathom::record_mismatch<Open>(layout).value_or("");
  EXPECT_THAT(why, AllOf(HasSubstr("    0  pid[4]"), Not(HasSubstr("! 0  pid[4]"))));
}

// What may be a key is known at compile time.
struct Padded {
  std::uint64_t a;
  std::uint32_t b;
};
struct PaddedAndNamed {
  std::uint64_t a;
  std::uint32_t b;
};
FATHOM_RECORD(PaddedAndNamed, a, b);
struct NamedWithFloat {
  float a;
  std::uint32_t b;
};
FATHOM_RECORD(NamedWithFloat, a, b);

struct HoldsPadded {
  PaddedAndNamed inner;
};
FATHOM_RECORD(HoldsPadded, inner);
struct HoldsFloats {
  NamedWithFloat inner[2];
};
FATHOM_RECORD(HoldsFloats, inner);

struct HoldsUnnamed {
  Padded inner;
  float last[2];
};
FATHOM_RECORD(HoldsUnnamed, inner, last);
struct HoldsArrays {
  std::array<HoldsPadded, 2> inner[3];
};
FATHOM_RECORD(HoldsArrays, inner);
union alignas(4) PaddedUnion {
  char name[3];
  char first;
};
FATHOM_RECORD(PaddedUnion, name, first);

static_assert(!BpfKey<HoldsUnnamed>, "the sum of the members is the size, but one of them has padding");
static_assert(!BpfKey<HoldsArrays> && !BpfKey<std::array<HoldsPadded, 2>>, "at any depth");
static_assert(!BpfKey<PaddedUnion>, "the sum of its members is its size by chance");
static_assert(!BpfKey<HoldsPadded> && BpfKey<HoldsFloats>, "and so of a struct in it");
static_assert(BpfKey<std::uint32_t> && BpfKey<Plain> && BpfKey<Open> && BpfKey<std::array<char, 16>>);
static_assert(!BpfKey<Padded> && !BpfKey<PaddedAndNamed>, "hidden padding");
static_assert(!BpfKey<float> && BpfKey<NamedWithFloat>, "the sum of the members is the size");
static_assert(BpfRecord<Padded>, "a value may have padding");
static_assert(!BpfRecord<std::string> && !BpfRecord<int*> && !BpfRecord<const int>);
static_assert(fathom::BpfLpmKey<fathom::LpmKey<std::array<std::uint8_t, 4>>> && !fathom::BpfLpmKey<std::uint32_t>);

}  // namespace
