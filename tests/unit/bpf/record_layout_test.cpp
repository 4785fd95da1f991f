#include <fathom/bpf/bpf_object.hpp>
#include <fathom/bpf/record_check.hpp>
#include <fathom/bpf/record_layout.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fathom-bpf/layouts.bpf.hpp>
#include <string>
#include <string_view>
#include <type_traits>

namespace {

struct Open {
  int pid;
  char path[12];
};
FATHOM_RECORD(Open, pid, path);

struct Unnamed {
  int pid;
};

static_assert(fathom::DescribedRecord<Open>);
static_assert(!fathom::DescribedRecord<Unnamed>);
static_assert(!fathom::DescribedRecord<int>);
static_assert(fathom::kRecordFields<Open>.size() == 2);
static_assert(fathom::kRecordFields<Open>[1].name == "path");
static_assert(fathom::kRecordFields<Open>[1].offset == 4);
static_assert(fathom::kRecordFields<Open>[1].size == 12);

// What the generator wrote: the static_asserts in the header have held it against the sizes that clang's BTF gives.
static_assert(std::is_same_v<decltype(layouts::plain::color), std::uint32_t>);
static_assert(std::is_same_v<decltype(layouts::plain::where), std::uint64_t>);
static_assert(std::is_same_v<decltype(layouts::plain::name), char[3][5]>);
static_assert(std::is_same_v<decltype(layouts::plain::on), bool>);
static_assert(sizeof(layouts::packed) == 13);
static_assert(sizeof(layouts::padded) == 64 && offsetof(layouts::padded, value) == 32);
static_assert(sizeof(layouts::bits) == 4 && !fathom::DescribedRecord<layouts::bits>);
static_assert(offsetof(layouts::with_timer, class_) == 24);
static_assert(fathom::kRecordFields<layouts::with_timer>[2].name == "class");
static_assert(sizeof(layouts::flexible) == 4 && fathom::kRecordFields<layouts::flexible>.size() == 1);
static_assert(std::is_same_v<decltype(layouts::object_), const fathom::BpfVariableName<std::uint64_t>>);

TEST(RecordLayout, IsThatOfTheObjectsBtf) {
  const fathom::BpfObject object = fathom::BpfObject::open(layouts::object);
  const auto layout = object.record("plain");
  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->name, "struct plain");
  EXPECT_EQ(layout->size, sizeof(layouts::plain));
  ASSERT_EQ(layout->members.size(), fathom::kRecordFields<layouts::plain>.size());
  for (std::size_t i = 0; i < layout->members.size(); ++i) {
    EXPECT_EQ(layout->members[i].name, fathom::kRecordFields<layouts::plain>[i].name);
    EXPECT_EQ(layout->members[i].offset, fathom::kRecordFields<layouts::plain>[i].offset);
    EXPECT_EQ(layout->members[i].size, fathom::kRecordFields<layouts::plain>[i].size);
  }
  EXPECT_EQ(object.record("bits")->members[1].bits, 29U);
  EXPECT_FALSE(object.record("not_there"));
}

TEST(RecordLayout, HasTheMembersOfWhatIsInIt) {
  const fathom::BpfObject object = fathom::BpfObject::open(layouts::object);
  const auto layout = object.record("plain");
  ASSERT_TRUE(layout);
  const auto find = [&](std::string_view name) {
    return *std::ranges::find(layout->members, name, &fathom::RecordMember::name);
  };
  const fathom::RecordMember inner = find("inner");
  ASSERT_EQ(inner.members.size(), 2U);
  EXPECT_EQ(inner.members[1].name, "high");
  EXPECT_EQ(inner.members[1].offset, offsetof(layouts::plain, inner) + 2);
  const fathom::RecordMember points = find("points");
  ASSERT_EQ(points.members.size(), 2U);  // of the first of them
  EXPECT_EQ(points.members[1].offset, offsetof(layouts::plain, points) + 4);
  EXPECT_EQ(fathom::record_mismatch<struct layouts::plain>(*layout), std::nullopt);
  EXPECT_EQ(fathom::record_mismatch<struct layouts::packed>(*object.record("packed")), std::nullopt);
  EXPECT_EQ(fathom::record_mismatch<struct layouts::with_timer>(*object.record("with_timer")), std::nullopt);
}

TEST(RecordLayout, IsShownAsC) {
  const fathom::BpfObject object = fathom::BpfObject::open(layouts::object);
  EXPECT_EQ(to_string(*object.record("inner")),
            "struct inner {  // 4 bytes\n"
            "  __u16 low;  // at 0, 2 bytes\n"
            "  __u8 high;  // at 2, 1 bytes\n"
            "}");
}

}  // namespace
