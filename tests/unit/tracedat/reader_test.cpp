#include "small_file.hpp"

#include <gtest/gtest.h>

namespace fathom::test {
namespace {

TEST(TraceDatTime, TicksBecomeNanoseconds) {
  const struct {
    TraceDatTime time;
    std::uint64_t stamp;
    std::uint64_t expected;
  } cases[] = {
      {{}, 123, 123},
      {{0, 0, 1000}, 123, 1123},
      {{0, 0, -23}, 123, 100},
      {{4, 0, 0}, 10, 40},
      {{1U << 31U, 32, 0}, 1'000'000, 500'000},
      {{1U << 31U, 31, 0}, 0xffff'ffff'ffff'ffffU, 0xffff'ffff'ffff'ffffU},  // the product needs 95 bits
      {{357913941, 30, 7}, 3'000'000'000'000, 999'999'999'068 + 7},
      {{1, 64, 0}, 0xffff'ffff'ffff'ffffU, 0},
      {{0xffffffffU, 96, 0}, 0xffff'ffff'ffff'ffffU, 0},
      {{1, 4'000'000'000U, 0}, 5, 0},
  };
  for (const auto& c : cases)
    EXPECT_EQ(c.time.nanoseconds(c.stamp), c.expected) << c.time.multiplier << " >> " << c.time.shift;
}

TEST(TraceDatOption, TextEndsAtItsNul) {
  EXPECT_EQ((TraceDatOption{5, bytes_of(std::string_view("ab\0cd", 5))}).text(), "ab");
  EXPECT_EQ((TraceDatOption{5, bytes_of("ab")}).text(), "ab");
  EXPECT_EQ((TraceDatOption{5, {}}).text(), "");
}

// A file of version 6 with text instead of pages, as `trace-cmd extract` makes for latency tracers; by hand.
TEST(TraceDatReader, TextOfVersion6) {
  using std::string_literals::operator""s;
  const SmallMachine machine;
  const std::string whole = small_file(machine, {.version = 6});
  const std::size_t options = whole.find("options  \0"s);
  const std::string text = whole.substr(0, options) + "latency  \0# tracer: irqsoff\n"s;
  TraceDatReader file(bytes_of(text));
  ASSERT_EQ(file.buffers().size(), 1U);
  EXPECT_TRUE(file.buffers()[0].cpus.empty());
  EXPECT_EQ(file.text(file.buffers()[0]).text(), "# tracer: irqsoff\n");
  EXPECT_EQ(file.stats().skipped_records(), 0U);
}

TEST(TraceDatReader, TextOfVersion7) {
  const SmallMachine machine;
  std::string text = small_file(machine, {.version = 7});
  // The first buffer becomes one with text: its section's number, and its option's.
  const std::uint64_t pages = TraceDatReader(bytes_of(text)).buffers().at(0).cpus.at(0).offset;
  const std::size_t section = text.rfind(std::string("\x03\0\0\0", 4), pages);
  text[section] = 22;
  std::string place;  // what the option's data begins with; its head has 6 bytes
  for (unsigned i = 0; i < 8; ++i)
    place += static_cast<char>(section >> 8 * i);
  const std::size_t option = text.find(place, pages);
  ASSERT_NE(option, std::string::npos);
  text[option - 6] = 22;
  TraceDatReader file(bytes_of(text));
  ASSERT_TRUE(file.buffers().at(0).text);
  EXPECT_EQ(file.text(file.buffers()[0]).bytes().size(), file.buffers()[0].text->size);
  EXPECT_GT(file.buffers()[0].text->size, 1000U);
  EXPECT_FALSE(file.buffers().at(1).text);
  EXPECT_TRUE(file.text(file.buffers()[1]).text().empty());
}

TEST(TraceDatReader, SectionsHaveNames) {
  const std::string text = small_file({}, {.version = 7});
  const TraceDatReader file(bytes_of(text));
  const std::size_t first = text.find("none") + 6 + 8;
  EXPECT_EQ(file.section_name(first), "headers");
  EXPECT_EQ(file.section_name(text.size() + 5), "");
  EXPECT_EQ(file.section(TraceDatOptionId::cmdlines).size(), 8 + file.cmdlines().size());
  EXPECT_TRUE(file.section(TraceDatOptionId::btf_file).empty());
}

// What lies in another CPU's pages would be read more often than it is there.
TEST(TraceDatReader, OverlappingPagesCountOnce) {
  std::string text = small_file({}, {.version = 6});
  const TraceDatReader file(bytes_of(text));
  const TraceDatCpu& first = file.buffers().at(0).cpus.at(0);
  const std::size_t table = text.find("flyrecord") + 10;
  for (unsigned i = 0; i < 8; ++i)  // the third CPU's pages begin in the first one's
    text[table + 32 + i] = static_cast<char>((first.offset + 1) >> 8 * i);
  TraceDatReader bad(bytes_of(text));
  EXPECT_EQ(bad.buffers().at(0).cpus.at(2).size, 0U);
  EXPECT_EQ(bad.stats().skipped(SkipReason::bad_section), 1U);
}

TEST(TraceDatReader, NumbersInTextsAreReadAsCReadsThem) {
  const SmallMachine machine;
  const std::string header_page = machine.header_page();
  for (const auto& [text, number] : {std::pair("17", 17), {"-0x1f", -31}, {" 017", 15}, {"0", 0}, {"08", 0}, {"", 0}}) {
    TraceDatParts parts;
    parts.header_page = header_page;
    parts.options = {{7, bytes_of(text)}};
    std::ostringstream out;
    TraceDatWriter(out, parts).finish();
    const std::string file = std::move(out).str();
    EXPECT_EQ(TraceDatReader(bytes_of(file)).time().offset, number) << text;
  }
}

}  // namespace
}  // namespace fathom::test
