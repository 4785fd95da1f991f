#include <fathom/base/error.hpp>
#include <fathom/rawtrace/field_reader.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace fathom {
namespace {

constexpr std::string_view kText =
    "name: made_up\nID: 5\nformat:\n"
    "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
    "\n"
    "\tfield:s8 small;\toffset:2;\tsize:1;\tsigned:1;\n"
    "\tfield:u8 big;\toffset:3;\tsize:1;\tsigned:0;\n"
    "\tfield:int number;\toffset:4;\tsize:4;\tsigned:1;\n"
    "\tfield:u64 wide;\toffset:8;\tsize:8;\tsigned:0;\n"
    "\tfield:char comm[4];\toffset:16;\tsize:4;\tsigned:1;\n"
    "\tfield:__data_loc char[] file;\toffset:20;\tsize:4;\tsigned:0;\n"
    "\tfield:__rel_loc s16[] list;\toffset:24;\tsize:4;\tsigned:1;\n"
    "\tfield:__data_loc cpumask_t mask;\toffset:28;\tsize:4;\tsigned:0;\n"
    "\tfield:struct strange odd[2];\toffset:2;\tsize:3;\tsigned:0;\n"
    "\tfield:char rest[];\toffset:32;\tsize:0;\tsigned:1;\n";

class Record {
 public:
  explicit Record(std::endian order) : order_(order) {}
  template <class Number>
  Record& put(Number value) {
    for (std::size_t i = 0; i < sizeof value; ++i) {
      const std::size_t shift = 8 * (order_ == std::endian::little ? i : sizeof value - 1 - i);
      bytes_.push_back(static_cast<std::byte>(static_cast<std::uint64_t>(value) >> shift));
    }
    return *this;
  }
  Record& text(std::string_view text) {
    for (const char c : text)
      bytes_.push_back(static_cast<std::byte>(c));
    return *this;
  }
  [[nodiscard]] const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  std::endian order_;
  std::vector<std::byte> bytes_;
};

Record made_up(std::endian order) {
  Record record(order);
  record.put(std::uint16_t{5}).put(std::int8_t{-2}).put(std::uint8_t{200}).put(std::int32_t{-70000});
  record.put(std::uint64_t{0x1122334455667788}).text("ls").text(std::string_view("\0\0", 2));
  record.put(std::uint32_t{4U << 16U | 32U});   // file: 4 bytes at 32
  record.put(std::uint32_t{4U << 16U | 8U});    // list: 4 bytes at 28 + 8
  record.put(std::uint32_t{16U << 16U | 40U});  // mask: 16 bytes at 40
  record.text("/bi").text(std::string_view("\0", 1)).put(std::int16_t{-3}).put(std::int16_t{7});
  record.put(std::uint64_t{1} << 63U | 2U).put(std::uint64_t{1});
  return record;
}

class EitherByteOrder : public testing::TestWithParam<std::endian> {
 protected:
  EventFormat format_ = *EventFormat::parse("s", kText, PageLayout{.byte_order = GetParam()});
  Record record_ = made_up(GetParam());
};

TEST_P(EitherByteOrder, ReadsEveryKindOfField) {
  const auto& bytes = record_.bytes();
  EXPECT_EQ(FieldReader<std::uint16_t>(format_, "common_type")(bytes), 5);
  EXPECT_EQ(FieldReader<int>(format_, "small")(bytes), -2);
  EXPECT_EQ(FieldReader<std::int8_t>(format_, "small")(bytes), -2);
  EXPECT_EQ(FieldReader<std::uint64_t>(format_, "big")(bytes), 200U);
  EXPECT_EQ(FieldReader<std::int64_t>(format_, "number")(bytes), -70000);
  EXPECT_EQ(FieldReader<std::uint64_t>(format_, "wide")(bytes), 0x1122334455667788U);
  EXPECT_EQ(FieldReader<std::string_view>(format_, "comm")(bytes), "ls");
  EXPECT_EQ(FieldReader<std::string_view>(format_, "file")(bytes), "/bi");
  EXPECT_EQ(FieldReader<std::string_view>(format_, "rest")(bytes), "/bi");
  const auto list = FieldReader<FieldArray>(format_, "list")(bytes);
  ASSERT_TRUE(list);
  ASSERT_EQ(list->size(), 2U);
  EXPECT_EQ(static_cast<std::int64_t>((*list)[0]), -3);
  EXPECT_EQ((*list)[1], 7U);
  const auto mask = FieldReader<FieldBitmask>(format_, "mask")(bytes);
  ASSERT_TRUE(mask);
  EXPECT_EQ(mask->size(), 128U);
  EXPECT_EQ(mask->count(), 3U);
  EXPECT_TRUE(mask->test(1) && mask->test(63) && mask->test(64));
  EXPECT_FALSE(mask->test(0) || mask->test(128));
  EXPECT_EQ(FieldReader<std::span<const std::byte>>(format_, "odd")(bytes)->size(), 3U);
}

// A record may end anywhere: what it does not hold is absent, and a sanitizer sees no read beyond it.
TEST_P(EitherByteOrder, IsEmptyWhereTheRecordEnds) {
  for (std::size_t size = 0; size <= record_.bytes().size(); ++size) {
    const std::vector<std::byte> bytes(record_.bytes().begin(),
                                       record_.bytes().begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(FieldReader<std::uint16_t>(format_, "common_type")(bytes).has_value(), size >= 2);
    EXPECT_EQ(FieldReader<int>(format_, "number")(bytes).has_value(), size >= 8);
    EXPECT_EQ(FieldReader<std::uint64_t>(format_, "wide")(bytes).has_value(), size >= 16);
    EXPECT_EQ(FieldReader<std::string_view>(format_, "comm")(bytes).has_value(), size >= 16);
    EXPECT_EQ(FieldReader<std::string_view>(format_, "file")(bytes).has_value(), size >= 36);
    EXPECT_EQ(FieldReader<FieldArray>(format_, "list")(bytes).has_value(), size >= 40);
    EXPECT_EQ(FieldReader<FieldBitmask>(format_, "mask")(bytes).has_value(), size >= 56);
    EXPECT_EQ(FieldReader<std::string_view>(format_, "rest")(bytes).has_value(), size >= 32);
  }
}

INSTANTIATE_TEST_SUITE_P(Of, EitherByteOrder, testing::Values(std::endian::little, std::endian::big),
                         [](const auto& order) { return order.param == std::endian::little ? "little" : "big"; });

TEST(FieldReader, FindsOnlyWhatFits) {
  const auto format = EventFormat::parse("s", kText);
  EXPECT_FALSE(FieldReader<int>::find(*format, "nothing"));
  EXPECT_FALSE(FieldReader<int>::find(*format, "wide"));
  EXPECT_FALSE(FieldReader<int>::find(*format, "comm"));
  EXPECT_FALSE(FieldReader<std::string_view>::find(*format, "number"));
  EXPECT_FALSE(FieldReader<std::string_view>::find(*format, "list"));
  EXPECT_FALSE(FieldReader<FieldArray>::find(*format, "wide"));
  EXPECT_FALSE(FieldReader<FieldArray>::find(*format, "odd"));
  EXPECT_FALSE(FieldReader<FieldBitmask>::find(*format, "list"));
  EXPECT_TRUE(FieldReader<FieldBitmask>::find(*format, "mask"));
}

TEST(FieldReader, SaysWhatItMisses) {
  const auto format = EventFormat::parse("s", kText);
  const auto message = [&]<class T>(std::string_view field, T) -> std::string {
    try {
      const FieldReader<T> reader(*format, field);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), std::errc::invalid_argument);
      return error.what();
    }
    return "did not throw";
  };
  EXPECT_EQ(
      message("numbr", int{}),
      "cannot read the field 'numbr' as a number of this width in records of s:made_up: Invalid argument (there is "
      "none of that name; nearest: number)");
  EXPECT_EQ(message("wide", std::uint32_t{}),
            "cannot read the field 'wide' as a number of this width in records of s:made_up: Invalid argument (it is "
            "u64, value, of 8 bytes)");
}

}  // namespace
}  // namespace fathom
