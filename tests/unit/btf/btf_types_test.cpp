#include <fathom/btf/btf.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fathom {
namespace {

using ::testing::ElementsAre;

std::string data(std::string_view file) {
  return std::string(FATHOM_TEST_DATA "/btf/").append(file);
}

BtfType get(const Btf& btf, BtfKind kind, std::string_view name) {
  const auto type = btf.find(kind, name);
  if (!type)
    throw std::runtime_error("no " + std::string(name));
  return *type;
}

// tests/data/btf/types.c, as clang made it for a machine of either byte order.
class BtfTypes : public ::testing::TestWithParam<const char*> {
 protected:
  const Btf btf_ = Btf::load(data(GetParam()));
  const BtfType everything_ = get(btf_, BtfKind::struct_, "everything");
};

INSTANTIATE_TEST_SUITE_P(BothByteOrders, BtfTypes, ::testing::Values("types.el.btf", "types.eb.btf"),
                         [](const auto& run) { return std::string(run.param).substr(6, 2); });

TEST_P(BtfTypes, EachKindIsThere) {
  std::map<BtfKind, int> kinds;
  for (const BtfType type : btf_.types())
    ++kinds[type.kind()];
  for (int kind = 0; kind <= static_cast<int>(BtfKind::enum64); ++kind)
    EXPECT_GT(kinds[static_cast<BtfKind>(kind)], 0) << to_string(static_cast<BtfKind>(kind));
  EXPECT_EQ(kinds.size(), 20U);
  EXPECT_EQ(btf_.pointer_size(), 8);
}

TEST_P(BtfTypes, MembersReadAsTheyWereWritten) {
  struct Expected {
    std::string_view c;
    std::uint64_t byte_offset;
    std::uint32_t bitfield_bits;
  };
  const std::vector<Expected> table = {
      {"char letter", 0, 0},
      {"_Bool flag", 1, 0},
      {"short numbers[3][4]", 2, 0},
      {"struct {...}", 32, 0},
      {"u32 low", 48, 3},
      {"u32 high", 48, 9},
      {"s64 wide", 50, 40},
      {"const volatile int *const restrict pointer", 56, 0},
      {"int (*handler)(const char *, struct everything *, ...)", 64, 0},
      {"void (*(*signal)(int, void (*)(int)))(int)", 72, 0},
      {"struct opaque *opaque", 80, 0},
      {"union opaque_union *opaque_union", 88, 0},
      {"user_pointer from_user", 96, 0},
      {"enum small small", 104, 0},
      {"enum large large", 112, 0},
      {"struct list list", 120, 0},
      {"unsigned char flexible[]", 136, 0},
  };
  ASSERT_EQ(everything_.members().size(), table.size());
  for (std::size_t i = 0; i < table.size(); ++i) {
    const BtfMember member = everything_.members()[i];
    EXPECT_EQ(member.type.to_c(member.name), table[i].c);
    EXPECT_EQ(member.bitfield_bits, table[i].bitfield_bits) << table[i].c;
    if (member.bitfield_bits == 0) {
      EXPECT_EQ(member.byte_offset(), table[i].byte_offset) << table[i].c;
    }
  }
  EXPECT_EQ(everything_.size(), 136U);
}

TEST_P(BtfTypes, BitFieldsAreCountedFromTheEndThatTheMachineBeginsAt) {
  const bool big = std::string_view(GetParam()).starts_with("types.eb");
  EXPECT_EQ(everything_.find_member("low")->bit_offset, 384U);
  EXPECT_EQ(everything_.find_member("high")->bit_offset, 391U);
  EXPECT_EQ(btf_.was_foreign_endian(), big == (std::endian::native == std::endian::little));
}

TEST_P(BtfTypes, AMemberOfAnUnnamedMemberIsFoundWithItsPlaceInTheWhole) {
  EXPECT_EQ(everything_.find_member("inner")->byte_offset(), 32U);
  const auto deep = everything_.find_member("deep");
  ASSERT_TRUE(deep);
  EXPECT_EQ(deep->byte_offset(), 40U);
  EXPECT_EQ(deep->type.to_c(), "long");
  EXPECT_EQ(everything_.find_member("next"), std::nullopt) << "struct list has a name of its own";
  EXPECT_EQ(everything_.find_member(""), std::nullopt);
  EXPECT_EQ(get(btf_, BtfKind::enum_, "small").find_member("SMALL_A"), std::nullopt);
}

TEST_P(BtfTypes, SizesSeeThroughTypedefsModifiersAndArrays) {
  const std::vector<std::pair<std::string_view, std::optional<std::uint64_t>>> table = {
      {"numbers", 24}, {"pointer", 8}, {"wide", 8}, {"small", 4},    {"large", 8},
      {"real", 4},     {"list", 16},   {"flag", 1}, {"flexible", 0}, {"from_user", 8},
  };
  for (const auto& [name, size] : table)
    EXPECT_EQ(everything_.find_member(name)->type.size(), size) << name;
  EXPECT_EQ(everything_.find_member("opaque")->type.target().size(), std::nullopt);
  EXPECT_EQ(get(btf_, BtfKind::func, "twice").size(), std::nullopt);
  EXPECT_EQ(get(btf_, BtfKind::var, "hidden").size(), 4U);
  EXPECT_EQ(btf_.type(0)->size(), std::nullopt);
}

TEST_P(BtfTypes, TypedefsAndModifiersComeOff) {
  const BtfType pointer = everything_.find_member("pointer")->type;
  EXPECT_EQ(pointer.kind(), BtfKind::const_);
  EXPECT_EQ(pointer.resolved().kind(), BtfKind::ptr);
  EXPECT_EQ(pointer.resolved().target().unqualified().name(), "int");
  const BtfType user = everything_.find_member("from_user")->type;
  EXPECT_EQ(user.unqualified().kind(), BtfKind::typedef_);
  EXPECT_EQ(user.resolved().target().kind(), BtfKind::type_tag);
  EXPECT_EQ(user.resolved().target().name(), "user");
  EXPECT_EQ(user.resolved().target().resolved().to_c(), "unsigned int");
}

TEST_P(BtfTypes, EnumsKeepSignAndWidth) {
  struct Expected {
    std::string_view name;
    bool is_signed;
    std::vector<std::pair<std::string_view, std::int64_t>> values;
  };
  const std::vector<Expected> table = {
      {"small", true, {{"SMALL_A", 0}, {"SMALL_B", 7}, {"SMALL_NEGATIVE", -3}}},
      {"unsigned_small", false, {{"US_TOP", 0xffffffff}, {"US_ONE", 1}}},
      {"large", false, {{"LARGE_TOP", -1}, {"LARGE_LOW", 5}}},
      {"large_signed", true, {{"LS_MIN", std::numeric_limits<std::int64_t>::min()}, {"LS_TWO", 2}}},
  };
  for (const Expected& expected : table) {
    const auto all = btf_.named(expected.name);
    const BtfType type = *std::ranges::find_if(all, &BtfType::is_enum);
    EXPECT_EQ(type.is_signed(), expected.is_signed) << expected.name;
    ASSERT_EQ(type.enumerators().size(), expected.values.size());
    for (std::size_t i = 0; i < expected.values.size(); ++i) {
      const auto& [name, value] = expected.values[i];
      EXPECT_EQ(type.enumerators()[i].name, name);
      EXPECT_EQ(type.enumerators()[i].value, value) << name;
      EXPECT_EQ(type.find_enumerator(name)->value, value);
      EXPECT_EQ(type.find_enumerator(value)->name, name);
    }
    EXPECT_EQ(type.find_enumerator("NONE"), std::nullopt);
    EXPECT_EQ(type.find_enumerator(99), std::nullopt);
  }
}

TEST_P(BtfTypes, FunctionsHavePrototypes) {
  const BtfType init = get(btf_, BtfKind::func, "everything_init");
  EXPECT_EQ(init.to_c(), "int everything_init(struct everything *self, const int (*table)[8], enum small small)");
  EXPECT_EQ(init.linkage(), BtfLinkage::global);
  EXPECT_EQ(init.return_type().to_c(), "int");
  std::vector<std::string_view> names;
  for (const BtfParameter parameter : init.parameters())
    names.push_back(parameter.name);
  EXPECT_THAT(names, ElementsAre("self", "table", "small"));
  EXPECT_FALSE(init.is_variadic());

  const BtfType twice = get(btf_, BtfKind::func, "twice");
  EXPECT_EQ(twice.to_c(), "u32 twice(u32 number)");
  EXPECT_EQ(twice.linkage(), BtfLinkage::static_);
  EXPECT_EQ(twice.prototype()->kind(), BtfKind::func_proto);

  const BtfType handler = everything_.find_member("handler")->type.target();
  EXPECT_TRUE(handler.is_variadic());
  EXPECT_EQ(handler.parameters().size(), 2U);
  EXPECT_EQ(handler.to_c("f"), "int f(const char *, struct everything *, ...)");
  EXPECT_EQ(everything_.prototype(), std::nullopt);
  EXPECT_TRUE(everything_.parameters().empty());
  EXPECT_TRUE(everything_.return_type().is_void());
}

TEST_P(BtfTypes, VariablesHaveLinkageAndAPlaceInTheirSection) {
  EXPECT_EQ(get(btf_, BtfKind::var, "counter").linkage(), BtfLinkage::global);
  EXPECT_EQ(get(btf_, BtfKind::var, "elsewhere").linkage(), BtfLinkage::extern_);
  EXPECT_EQ(get(btf_, BtfKind::var, "hidden").linkage(), BtfLinkage::static_);
  EXPECT_EQ(get(btf_, BtfKind::var, "hidden").to_c(), "const volatile u32 hidden");
  const BtfType bss = get(btf_, BtfKind::datasec, ".bss");
  ASSERT_EQ(bss.variables().size(), 3U);
  EXPECT_EQ(bss.variables()[0].var.name(), "ratio");
  EXPECT_EQ(bss.variables()[0].size, 8U);
  EXPECT_EQ(bss.variables()[0].var.target().kind(), BtfKind::float_);
}

TEST_P(BtfTypes, DeclarationTagsNameWhatTheyAreOn) {
  const auto tag = [&](std::string_view name) { return get(btf_, BtfKind::decl_tag, name); };
  EXPECT_EQ(tag("whole").target(), everything_);
  EXPECT_EQ(tag("whole").tagged_component(), std::nullopt);
  EXPECT_EQ(tag("argument").target().name(), "twice");
  EXPECT_EQ(tag("argument").tagged_component(), 0U);
  EXPECT_EQ(tag("api").target().name(), "everything_init");
}

TEST_P(BtfTypes, FlagsOfIntegersAndForwards) {
  EXPECT_TRUE(everything_.find_member("flag")->type.is_bool());
  EXPECT_TRUE(get(btf_, BtfKind::int_, "int").is_signed());
  EXPECT_FALSE(get(btf_, BtfKind::int_, "unsigned int").is_signed());
  EXPECT_EQ(get(btf_, BtfKind::int_, "int").int_bits(), 32U);
  EXPECT_FALSE(get(btf_, BtfKind::int_, "int").is_char());
  EXPECT_TRUE(get(btf_, BtfKind::fwd, "opaque_union").is_union_fwd());
  EXPECT_FALSE(get(btf_, BtfKind::fwd, "opaque").is_union_fwd());
}

}  // namespace
}  // namespace fathom
