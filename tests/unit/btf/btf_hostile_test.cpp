#include "btf_builder.hpp"

#include <fathom/base/error.hpp>
#include <fathom/btf/btf.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

namespace fathom {
namespace {

using test::BtfBuilder;
using ::testing::HasSubstr;

void put(std::vector<std::byte>& bytes, std::size_t offset, std::uint32_t value) {
  std::memcpy(bytes.data() + offset, &value, sizeof value);
}

std::string refusal(const std::vector<std::byte>& bytes) {
  try {
    static_cast<void>(Btf::parse(bytes));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), std::errc::invalid_argument);
    return error.what();
  }
  return "accepted";
}

// One int of 16 bytes after a header of 24.
std::vector<std::byte> sound() {
  BtfBuilder builder;
  builder.integer("int", 4);
  return builder.bytes();
}

TEST(BtfHostile, HeadersThatAreNone) {
  struct Case {
    const char* name;
    std::function<void(std::vector<std::byte>&)> spoil;
    const char* says;
  };
  const std::vector<Case> table = {
      {"empty", [](auto& b) { b.clear(); }, "byte 0: cut inside the header"},
      {"cut", [](auto& b) { b.resize(23); }, "byte 23: cut inside the header"},
      {"magic", [](auto& b) { b[0] = {}; }, "byte 0: no BTF"},
      {"version", [](auto& b) { b[2] = std::byte{2}; }, "byte 2: BTF of version 2"},
      {"flags", [](auto& b) { b[3] = std::byte{1}; }, "byte 3: flags"},
      {"short header", [](auto& b) { put(b, 4, 20); }, "byte 4: a header of 20 bytes"},
      {"long header", [](auto& b) { put(b, 4, 0xffffffff); }, "byte 4: a header of 4294967295 bytes"},
      {"types beyond", [](auto& b) { put(b, 12, 0xfffffff0); }, "byte 8: the type section reaches"},
      {"types far", [](auto& b) { put(b, 8, 0xfffffff0); }, "byte 8: the type section reaches"},
      {"names beyond", [](auto& b) { put(b, 20, 0xffffffff); }, "byte 16: the string section reaches"},
      {"names without end", [](auto& b) { b.back() = std::byte{'x'}; }, "the last name does not end"},
      {"names without begin", [](auto& b) { b[40] = std::byte{'x'}; }, "byte 40: the names do not begin"},
      {"no names", [](auto& b) { put(b, 20, 0); }, "the names do not begin"},
      {"odd", [](auto& b) { put(b, 12, 15); }, "no whole number of words"},
      {"name", [](auto& b) { put(b, 24, 5); }, "byte 24: type 1 (INT) has a name at 5, beyond"},
      {"kind 0", [](auto& b) { put(b, 28, 0); }, "byte 28: type 1 is of kind 0, whose length nothing tells"},
      {"kind 99", [](auto& b) { put(b, 28, 99U << 24U); }, "type 1 is of kind 99"},
      {"cut record", [](auto& b) { put(b, 12, 12); }, "type 1 (INT) reaches beyond the type section"},
      {"cut words", [](auto& b) { put(b, 12, 8); }, "byte 24: the type section ends inside type 1"},
      {"members", [](auto& b) { put(b, 28, BtfBuilder::info(BtfKind::struct_, 0xffffff)); }, "type 1 (STRUCT) reaches"},
  };
  EXPECT_EQ(refusal(sound()), "accepted");
  for (const Case& c : table) {
    std::vector<std::byte> bytes = sound();
    c.spoil(bytes);
    EXPECT_THAT(refusal(bytes), HasSubstr(c.says)) << c.name;
  }
}

TEST(BtfHostile, ReferencesBeyondTheEndOfEveryKind) {
  struct Case {
    const char* name;
    BtfKind kind;
    std::size_t count;
    std::uint32_t size_or_type;
    std::vector<std::uint32_t> rest;
  };
  const std::vector<Case> table = {
      {"pointer", BtfKind::ptr, 0, 2, {}},
      {"typedef", BtfKind::typedef_, 0, 2, {}},
      {"const", BtfKind::const_, 0, ~0U, {}},
      {"function", BtfKind::func, 0, 2, {}},
      {"return type", BtfKind::func_proto, 0, 2, {}},
      {"parameter", BtfKind::func_proto, 1, 0, {0, 2}},
      {"parameter's name", BtfKind::func_proto, 1, 0, {9, 0}},
      {"variable", BtfKind::var, 0, 2, {0}},
      {"tag", BtfKind::decl_tag, 0, 2, {0}},
      {"type tag", BtfKind::type_tag, 0, 2, {}},
      {"element", BtfKind::array, 0, 0, {2, 0, 1}},
      {"index type", BtfKind::array, 0, 0, {0, 2, 1}},
      {"member", BtfKind::struct_, 1, 4, {0, 2, 0}},
      {"member's name", BtfKind::union_, 1, 4, {9, 0, 0}},
      {"enumerator's name", BtfKind::enum_, 1, 4, {9, 0}},
      {"64-bit enumerator's name", BtfKind::enum64, 1, 8, {9, 0, 0}},
      {"section's variable", BtfKind::datasec, 1, 0, {2, 0, 0}},
  };
  for (const Case& c : table) {
    BtfBuilder builder;
    builder.add(0, BtfBuilder::info(c.kind, c.count), c.size_or_type, c.rest);
    EXPECT_THAT(refusal(builder.bytes()), HasSubstr("type 1 (")) << c.name;
  }
}

TEST(BtfHostile, TypesMadeFromThemselvesAreRefused) {
  for (const BtfKind kind : {BtfKind::ptr, BtfKind::typedef_, BtfKind::const_, BtfKind::type_tag, BtfKind::func}) {
    BtfBuilder builder;
    builder.reference(kind, 1);
    EXPECT_THAT(refusal(builder.bytes()), HasSubstr("type 1 (" + std::string(to_string(kind)) + ") is made from"));
  }
  BtfBuilder ring;
  ring.array(2, 3);
  ring.reference(BtfKind::const_, 3);
  ring.reference(BtfKind::ptr, 4);
  ring.reference(BtfKind::volatile_, 1);
  EXPECT_THAT(refusal(ring.bytes()), HasSubstr("is made from itself"));
}

TEST(BtfHostile, AStructMayLeadBackToItself) {
  BtfBuilder builder;
  const auto list =
      builder.add(builder.name("list"), BtfBuilder::info(BtfKind::struct_, 1), 8, {builder.name("next"), 2, 0});
  builder.reference(BtfKind::ptr, list);
  const Btf btf = builder.parse();
  EXPECT_EQ(btf.type(1)->members()[0].type.to_c(), "struct list *");
}

TEST(BtfHostile, AStructInsideItselfIsSearchedToAnEnd) {
  BtfBuilder builder;
  std::vector<std::uint32_t> members;
  for (int i = 0; i < 60'000; ++i)
    members.insert(members.end(), {0, 1, 0});
  builder.add(0, BtfBuilder::info(BtfKind::struct_, 60'000), 8, members);
  const Btf btf = builder.parse();
  EXPECT_EQ(btf.type(1)->find_member("x"), std::nullopt);
  EXPECT_EQ(btf.type(1)->size(), 8U);
}

TEST(BtfHostile, PrototypesThatNestWithoutEndAreCut) {
  BtfBuilder builder;
  builder.reference(BtfKind::ptr, 2);
  std::vector<std::uint32_t> parameters;
  for (int i = 0; i < 60'000; ++i)
    parameters.insert(parameters.end(), {0, 1});
  builder.add(0, BtfBuilder::info(BtfKind::func_proto, 60'000), 1, parameters);
  const Btf btf = builder.parse();
  const std::string text = btf.type(1)->to_c();
  EXPECT_THAT(text, HasSubstr("..."));
  EXPECT_LT(text.size(), 10'000U);
}

TEST(BtfHostile, SizesThatOverflowAreNone) {
  BtfBuilder builder;
  auto type = builder.integer("long", 8);
  for (int i = 0; i < 3; ++i)
    type = builder.array(type, ~0U);
  const Btf btf = builder.parse();
  EXPECT_EQ(btf.type(2)->size(), 8ULL * 0xffffffff);
  EXPECT_EQ(btf.type(type)->size(), std::nullopt);
}

// A chain of so many constants and typedefs around an int.
BtfBuilder chain(int length) {
  BtfBuilder builder;
  auto type = builder.integer("int", 4);
  for (int i = 1; i < length; ++i)
    type = builder.reference(i % 2 == 0 ? BtfKind::const_ : BtfKind::typedef_, type, i % 2 == 0 ? "" : "t");
  return builder;
}

TEST(BtfHostile, ChainsAreNoDeeperThanOnesOfC) {
  const Btf btf = chain(64).parse();
  EXPECT_EQ(btf.type(64)->resolved().name(), "int");
  EXPECT_EQ(btf.type(64)->size(), 4U);
  EXPECT_EQ(std::ranges::distance(btf.named("t")), 32);
  EXPECT_THAT(refusal(chain(65).bytes()), HasSubstr("type 65 (CONST) is made from a chain of more than 64 types"));
  EXPECT_THAT(refusal(chain(200'000).bytes()), HasSubstr("is made from a chain of more than 64 types"));
  // From its end on, it is found at once.
  BtfBuilder backwards;
  for (std::uint32_t i = 1; i < 200'000; ++i)
    backwards.reference(BtfKind::const_, i + 1);
  backwards.integer("int", 4);
  EXPECT_THAT(refusal(backwards.bytes()), HasSubstr("type 1 (CONST) is made from a chain of more than 64 types"));
}

TEST(BtfHostile, MembersThatAllShareAChainAreSearchedInReasonableTime) {
  constexpr std::uint32_t kMembers = 60'000;
  BtfBuilder builder = chain(64);
  std::vector<std::uint32_t> members;
  for (std::uint32_t i = 0; i < kMembers; ++i)
    members.insert(members.end(), {0, 64, 0});
  const auto holder = builder.add(builder.name("s"), BtfBuilder::info(BtfKind::struct_, kMembers), 4, members);
  const Btf btf = builder.parse();
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(btf.type(holder)->find_member("x"), std::nullopt);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
}

TEST(BtfHostile, LongNamesAreRefusedAndThoseThatManyShareAreCut) {
  BtfBuilder refused;
  refused.integer(std::string((64U << 10U) + 1, 'n'), 4);
  EXPECT_THAT(refusal(refused.bytes()), HasSubstr("a name of 65537 bytes"));

  constexpr std::uint32_t kParameters = 900;
  BtfBuilder builder;
  const auto number = builder.integer("int", 4);
  const auto name = builder.name(std::string(10'000, 'n'));
  std::vector<std::uint32_t> parameters;
  for (std::uint32_t i = 0; i < kParameters; ++i)
    parameters.insert(parameters.end(), {name, number});
  const auto proto = builder.add(0, BtfBuilder::info(BtfKind::func_proto, kParameters), number, parameters);
  const auto function = builder.add(name, BtfBuilder::info(BtfKind::func), proto);
  const Btf btf = builder.parse();
  const std::string text = btf.type(function)->to_c();
  EXPECT_THAT(text, HasSubstr(std::string(10'000, 'n') + "(int " + std::string(10'000, 'n') + ", int "));
  EXPECT_THAT(text, HasSubstr(", int ..., int ..."));
  EXPECT_LT(text.size(), 100'000U);
}

TEST(BtfHostile, FilesThatDoNotEndAreNotReadOn) {
  try {
    static_cast<void>(Btf::load("/dev/zero"));
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("no BTF: the magic number is missing in /dev/zero"));
  }
  const std::string path = testing::TempDir() + "endless.btf";
  {
    std::ofstream file(path, std::ios::binary);
    file << "\x9f\xeb";
  }
  std::filesystem::resize_file(path, 257ULL << 20U);
  try {
    static_cast<void>(Btf::load(path));
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), std::errc::file_too_large);
  }
  std::filesystem::remove(path);
}

TEST(BtfHostile, CutAnywhereOrWithAnyByteSpoiledItIsRefusedOrSound) {
  BtfBuilder builder;
  const auto number = builder.integer("int", 4);
  const auto proto =
      builder.add(0, BtfBuilder::info(BtfKind::func_proto, 2), number, {builder.name("a"), number, 0, 0});
  builder.reference(BtfKind::func, proto, "f");
  builder.add(builder.name("s"), BtfBuilder::info(BtfKind::struct_, 1), 4, {builder.name("m"), number, 0});
  const std::vector<std::byte> whole = builder.bytes();
  ASSERT_EQ(refusal(whole), "accepted");
  for (std::size_t cut = 0; cut < whole.size(); ++cut)
    EXPECT_NE(refusal({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(cut)}), "accepted") << cut;
  std::size_t sound = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::vector<std::byte> spoiled = whole;
      spoiled[at] ^= std::byte(1U << bit);
      try {
        const Btf btf = Btf::parse(spoiled);
        for (const BtfType type : btf.types())
          sound += type.to_c().size() + type.size().value_or(0) % 2 + type.members().size();
      } catch (const Error&) {
        continue;
      }
    }
  }
  EXPECT_GT(sound, 0U);
}

}  // namespace
}  // namespace fathom
