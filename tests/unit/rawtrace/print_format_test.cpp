#include "raw_captures.hpp"

#include <fathom/rawtrace/print_format.hpp>

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace fathom {
namespace {

// An event with a field of every kind.
constexpr const char* kFields =
    "name: probe\nID: 7\nformat:\n"
    "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
    "\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
    "\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
    "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
    "\tfield:int minus;\toffset:8;\tsize:4;\tsigned:1;\n"
    "\tfield:unsigned int flags;\toffset:12;\tsize:4;\tsigned:0;\n"
    "\tfield:unsigned long wide;\toffset:16;\tsize:8;\tsigned:0;\n"
    "\tfield:char comm[16];\toffset:24;\tsize:16;\tsigned:0;\n"
    "\tfield:__data_loc char[] text;\toffset:40;\tsize:4;\tsigned:0;\n"
    "\tfield:__data_loc u32[] numbers;\toffset:44;\tsize:4;\tsigned:0;\n"
    "\tfield:__rel_loc char[] near;\toffset:48;\tsize:4;\tsigned:0;\n"
    "\tfield:__data_loc cpumask_t mask;\toffset:52;\tsize:4;\tsigned:0;\n"
    "\tfield:__u8 address[16];\toffset:56;\tsize:16;\tsigned:0;\n"
    "\tfield:__u8 socket[28];\toffset:72;\tsize:28;\tsigned:0;\n"
    "\tfield:const char * name;\toffset:104;\tsize:8;\tsigned:0;\n"
    "\tfield:u8 small;\toffset:112;\tsize:1;\tsigned:0;\n"
    "\nprint fmt: ";

template <class Number>
void put(std::string& record, std::size_t at, Number value) {
  std::memcpy(record.data() + at, &value, sizeof value);
}

std::string record_bytes() {
  std::string record(152, '\0');
  put(record, 0, std::uint16_t{7});
  put(record, 8, std::int32_t{-5});
  put(record, 12, std::uint32_t{0x15});
  put(record, 16, std::uint64_t{0xffffffff81000010});
  record.replace(24, 4, "bash");
  put(record, 40, std::uint32_t{6U << 16U | 116U});
  record.replace(116, 6, std::string("hello\0", 6));
  put(record, 44, std::uint32_t{8U << 16U | 124U});
  put(record, 124, std::uint32_t{1});
  put(record, 128, std::uint32_t{0xff});
  put(record, 48, std::uint32_t{4U << 16U | (132U - 52U)});
  record.replace(132, 4, std::string("rel\0", 4));
  put(record, 52, std::uint32_t{8U << 16U | 136U});
  put(record, 136, std::uint64_t{0x10000002f});
  const std::string address = {'\x20', '\x01', '\x0d', '\xb8', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '\x01'};
  record.replace(56, 16, address);
  put(record, 72, std::uint16_t{2});
  record.replace(74, 6, {'\x01', '\xbb', '\x7f', 0, 0, '\x01'});
  put(record, 104, std::uint64_t{0xffffffff82000000});
  put(record, 112, std::uint8_t{0xf0});
  return record;
}

struct Symbols {
  struct Hit {
    [[nodiscard]] std::string_view name() const { return "vfs_read"; }
    [[nodiscard]] std::string_view module() const { return "ext4"; }
    [[nodiscard]] std::uint64_t offset() const { return 0x10; }
    [[nodiscard]] std::optional<std::uint64_t> size() const { return 0x370; }
  };
  [[nodiscard]] std::optional<Hit> find(std::uint64_t address) const {
    return address == 0xffffffff81000010 ? std::optional(Hit{}) : std::nullopt;
  }
};

struct Rendered {
  std::string text;
  PrintGaps gaps;
};

Rendered render(const std::string& print_fmt, const std::string& record = record_bytes(), bool hash_ptr = false) {
  const auto format = EventFormat::parse("test", kFields + print_fmt + "\n");
  if (!format)
    return {"no format", {}};
  const PrintFormat print(*format);
  const Symbols symbols;
  const auto strings = PrintkFormats::parse("0xffffffff82000000 : \"a \\\"name\\\"\"\n");
  TextBuffer out;
  const PrintGaps gaps = print.render(
      test::as_bytes(record),
      {.symbols = AddressNames(symbols), .strings = &strings, .bitmask_list = false, .hash_ptr = hash_ptr}, out);
  return {std::string(out.view()), gaps};
}

struct Case {
  const char* print_fmt;
  const char* text;
};

class PrintFormats : public testing::TestWithParam<Case> {};

TEST_P(PrintFormats, RenderAsTheKernelDoes) {
  const Rendered rendered = render(GetParam().print_fmt);
  EXPECT_EQ(rendered.text, GetParam().text) << GetParam().print_fmt;
  EXPECT_FALSE(rendered.gaps.any()) << GetParam().print_fmt;
}

INSTANTIATE_TEST_SUITE_P(
    Conversions, PrintFormats,
    testing::Values(
        Case{R"("%d|%u|%x|%lx|%hhd", REC->minus, REC->minus, REC->minus, REC->minus, REC->small)",
             "-5|4294967291|fffffffb|fffffffffffffffb|-16"},
        Case{R"("%5d|%-5d|%05d|%+d|% d", REC->flags, REC->flags, REC->flags, REC->flags, REC->flags)",
             "   21|21   |00021|+21| 21"},
        Case{R"("%#x|%#lx|%#o|%o|%X|%08llx|%.4x|%6.3x", REC->flags, REC->wide, 8, 8, 0xab, 0x1fULL, 1, 1)",
             "0x15|0xffffffff81000010|010|10|AB|0000001f|0001|   001"},
        Case{R"("%*d|%-*d|%.*s|%.3s|%7s|%-7s|", 4, 7, 3, 7, 2, REC->comm, REC->comm, REC->comm, REC->comm)",
             "   7|7  |ba|bas|   bash|bash   |"},
        Case{R"("100%%%c%s" " and " "more", 'x', "")", "100%x and more"},
        Case{R"("%ps %pS %pf %pF", (void *)REC->wide, (void *)REC->wide, (void *)1, (void *)1)",
             "vfs_read [ext4] vfs_read+0x10/0x370 [ext4] 0x1 0x1"},
        Case{R"("%p|%px|%p", REC->wide, REC->wide, (void *)0)", "ffffffff81000010|ffffffff81000010|0000000000000000"},
        Case{R"("%pI6c|%pI6|%pI4|%pM|%pU|%pUl|%pISpc", REC->address, REC->address, REC->address, REC->address,
             REC->address, REC->address, REC->socket)",
             "2001:db8::1|2001:0db8:0000:0000:0000:0000:0000:0001|32.1.13.184|20:01:0d:b8:00:00|"
             "20010db8-0000-0000-0000-000000000001|b80d0120-0000-0000-0000-000000000001|127.0.0.1:443"},
        Case{R"("%pI4l|%pI4h|%pI4n|%pi4b|%pMR|%pMF|%pmR|%pISl", REC->address, REC->address, REC->address, REC->address,
             REC->address, REC->address, REC->address, REC->socket)",
             "184.13.1.32|184.13.1.32|32.1.13.184|032.001.013.184|00:00:b8:0d:01:20|20-01-0d-b8-00-00|0000b80d0120|"
             "1.0.0.127"},
        Case{R"("%pKx|%pxy.", REC->wide, REC->wide)", "ffffffff81000010|ffffffff81000010."},
        Case{R"("%4phC|%3phN|%2ph|%*pbl", REC->address, REC->address, REC->address, 40, __get_dynamic_array(mask))",
             "20:01:0d:b8|20010d|20 01|0-3,5,32"}));

INSTANTIATE_TEST_SUITE_P(
    Expressions, PrintFormats,
    testing::Values(
        Case{R"("%d", 1 + 2 * 3 - 4 / 2 % 3)", "5"}, Case{R"("%d", (1 << 4 | 3) & ~1 ^ 8)", "26"},
        Case{R"("%d %d", -1 < 0U, REC->minus < 0)", "0 1"}, Case{R"("%llx", (u64)REC->minus)", "fffffffffffffffb"},
        Case{R"("%llx", (u64)(u32)REC->minus)", "fffffffb"}, Case{R"("%lu", sizeof(u64) + sizeof(REC->flags))", "12"},
        Case{R"("%s", REC->flags & 1 ? "odd" : "even")", "odd"},
        Case{R"("%s", !REC->minus || REC->flags >= 22 ? "yes" : REC->flags ? REC->comm : "no")", "bash"},
        Case{R"("%d", ({ int a = (REC->flags); int b = (9); ((a) < (b) ? (a) : (b)); }))", "9"},
        Case{R"("%d %d", __get_str(text)[1], ((u8 *)__get_dynamic_array(numbers))[4])", "101 255"},
        Case{R"("%u", ((unsigned int) ((REC->flags) >> 2)))", "5"},
        Case{R"("%d", __builtin_expect(!!(REC->wide >= (unsigned long)-4095), 0) ? 1 : 0)", "0"},
        Case{R"("%llu.%09u", __print_ns_to_secs(1500000001ULL), (unsigned int)__print_ns_without_secs(1500000001ULL))",
             "1.500000001"},
        Case{R"("%d", (int)REC->small << 8)", "61440"}, Case{R"("%u", *(u32 *)__get_dynamic_array(numbers))", "1"}));

INSTANTIATE_TEST_SUITE_P(
    Helpers, PrintFormats,
    testing::Values(
        Case{R"("%s %s %s", __get_str(text), __get_rel_str(near), REC->comm)", "hello rel bash"},
        Case{R"("%s", REC->name)", "a \"name\""}, Case{R"("%d", __get_dynamic_array_len(numbers) / sizeof(u32))", "2"},
        Case{R"("%s", __print_flags(REC->flags, "|", { 1, "A" }, { 4, "B" }, { 8, "C" }))", "A|B|0x10"},
        Case{R"("%s", __print_flags(REC->flags, "", { 0x15, "ALL" }, { 0, ((void *)0) }))", "ALL"},
        Case{R"(":%s:", __print_flags(0, "|", { 1, "A" }))", "::"},
        Case{R"("%s %s", __print_symbolic(REC->minus, { -5, "five" }), __print_symbolic(9, { 1, "one" }, { -1, 0 }))",
             "five 0x9"},
        Case{R"("%s", __print_symbolic(REC->flags, { (1UL << 4) | 5, "it" }))", "it"},
        Case{R"("%s|%s", __print_hex(REC->address, 3), __print_hex_str(REC->address, 3))", "20 01 0d|20010d"},
        Case{R"("%s", __print_array(__get_dynamic_array(numbers), 2, 4))", "{0x1,0xff}"},
        Case{R"("%s", __print_dynamic_array(numbers, sizeof(u32)))", "{0x1,0xff}"},
        Case{R"("%s|%s", __get_bitmask(mask), __get_cpumask(mask))", "00000001,0000002f|00000001,0000002f"}));

struct GapCase {
  const char* print_fmt;
  const char* text;
  PrintGap gap;
};

class PrintGapsOf : public testing::TestWithParam<GapCase> {};

TEST_P(PrintGapsOf, AreNamedAndMarked) {
  const Rendered rendered = render(GetParam().print_fmt, record_bytes(), true);
  EXPECT_EQ(rendered.text, GetParam().text);
  PrintGaps only;
  only.add(GetParam().gap);
  EXPECT_EQ(rendered.gaps, only) << GetParam().print_fmt;
}

INSTANTIATE_TEST_SUITE_P(
    Of, PrintGapsOf,
    testing::Values(GapCase{R"("%p", REC->wide)", "ffffffff81000010", PrintGap::hashed_pointer},
                    GapCase{R"("a=%lu b=%d", (jiffies - REC->wide) / 250, 3)", "a=<?> b=3", PrintGap::unknown_name},
                    GapCase{R"("a=%s b=%d", xen_hypercall_name(REC->flags), 3)", "a=<?> b=3",
                            PrintGap::unknown_function},
                    GapCase{R"("a=%d b=%d", (some_type_t)REC->flags, 3)", "a=<?> b=3", PrintGap::unknown_type},
                    GapCase{R"("a=%s b=%d", REC->wide, 3)", "a=<?> b=3", PrintGap::unknown_string},
                    GapCase{R"("a=%d", REC->comm)", "a=<?>", PrintGap::bad_conversion},
                    GapCase{R"("a=%pd4 b=%d", REC->wide, 2)", "a=<?> b=2", PrintGap::bad_conversion},
                    GapCase{R"("a=%pOFfp b=%d", REC->wide, 2)", "a=<?> b=2", PrintGap::bad_conversion},
                    GapCase{R"("a=%y b=%d", 1, 2)", "a=<?> b=2", PrintGap::bad_conversion},
                    GapCase{R"("a=%d b=%d", 1)", "a=1 b=<?>", PrintGap::missing_argument},
                    GapCase{R"("a=%d b=%d", 1 +, 2)", "a=<?> b=2", PrintGap::bad_syntax},
                    GapCase{R"("a=%d b=%d", 1 / (REC->flags - 21), 2)", "a=<?> b=2", PrintGap::bad_syntax},
                    GapCase{R"("a=%d", REC->absent)", "a=<?>", PrintGap::unknown_name},
                    GapCase{R"("a=%s", REC->flags ? __print_symbolic(1, { UNKNOWN, "x" }) : "y")", "a=<?>",
                            PrintGap::unknown_name}));

TEST(PrintFormat, AConditionalMayGoAroundWhatIsNotKnown) {
  const Rendered rendered = render(R"("%p", REC->flags == 0 ? vmemmap_base : (void *)0)");
  EXPECT_EQ(rendered.text, "0000000000000000");
  EXPECT_FALSE(rendered.gaps.any());
}

TEST(PrintFormat, WithoutAFormatTheFieldsArePrinted) {
  const Rendered rendered = render("");
  EXPECT_TRUE(rendered.gaps.has(PrintGap::missing_format));
  EXPECT_EQ(rendered.text.substr(0, 68), "minus=-5 flags=21 wide=18446744071578845200 comm=bash text=hello num");
}

TEST(PrintFormat, ARecordMayEndAnywhere) {
  const std::string whole = record_bytes();
  const std::string format = R"("%d %s %s %s %s", REC->minus, REC->comm, __get_str(text), __get_bitmask(mask),)"
                             R"( __print_array(__get_dynamic_array(numbers), 2, 4))";
  EXPECT_EQ(render(format, whole).text, "-5 bash hello 00000001,0000002f {0x1,0xff}");
  for (std::size_t size = 0; size < 144; ++size) {
    const Rendered rendered = render(format, whole.substr(0, size));
    EXPECT_TRUE(rendered.gaps.has(PrintGap::short_record) || size >= 136) << size;
    EXPECT_LT(rendered.text.size(), 60U) << size;
  }
}

TEST(PrintFormat, ALongIsThatOfTheKernel) {
  PageLayout layout;
  layout.long_size = 4;
  const std::string text = R"("%lx %llx %ld", REC->minus, REC->minus, -1L)";
  const auto format = EventFormat::parse("test", kFields + text, layout);
  ASSERT_TRUE(format);
  TextBuffer out;
  EXPECT_FALSE(PrintFormat(*format, layout).render(test::as_bytes(record_bytes()), {}, out).any());
  EXPECT_EQ(out.view(), "fffffffb fffffffffffffffb -1");
}

TEST(PrintFormat, AddressesOfAnotherByteOrder) {
  PageLayout layout;
  layout.byte_order = std::endian::big;
  const std::string text = R"("%pISpc %pI4h %pI4l", REC->socket, REC->address, REC->address)";
  const auto format = EventFormat::parse("test", kFields + text, layout);
  ASSERT_TRUE(format);
  std::string record = record_bytes();
  record.replace(72, 2, std::string("\0\x02", 2));
  TextBuffer out;
  EXPECT_FALSE(PrintFormat(*format, layout).render(test::as_bytes(record), {}, out).any());
  EXPECT_EQ(out.view(), "127.0.0.1:443 32.1.13.184 184.13.1.32");
}

TEST(PrintFormat, MasksAndArraysAreAsLongAsTheRecord) {
  std::string record = record_bytes();
  put(record, 52, static_cast<std::uint32_t>(1024U << 16U | record.size()));
  record += std::string(1023, '\0') + '\x80';
  put(record, 44, static_cast<std::uint32_t>(6000U << 16U | record.size()));
  record.append(6000, '\0');
  const Rendered rendered = render(
      R"("%*pbl %s", 8192, __get_dynamic_array(mask), __print_array(__get_dynamic_array(numbers), 1500, 4))", record);
  EXPECT_EQ(rendered.text.substr(0, 13), "8191 {0x0,0x0");
  EXPECT_EQ(rendered.text.size(), 5 + 1 + 1500 * 4);
  EXPECT_FALSE(rendered.gaps.any());
}

TEST(PrintFormat, NestingAndRepetitionAreBounded) {
  std::string nested = "\"%d\", ";
  nested += std::string(10000, '(') + "1" + std::string(10000, ')');
  EXPECT_EQ(render(nested).text, "<?>");
  // Each local doubles what an evaluation has to look at.
  std::string doubling = "\"%d\", ({ int a0 = (REC->flags); ";
  for (int i = 1; i < 40; ++i)
    doubling += "int a" + std::to_string(i) + " = (a" + std::to_string(i - 1) + " + a" + std::to_string(i - 1) + "); ";
  EXPECT_EQ(render(doubling + "a39; })").text, "<?>");
  std::string chain = "\"%d\", REC->flags";
  for (int i = 0; i < 5000; ++i)
    chain += "+REC->flags";
  EXPECT_EQ(render(chain).text, "<?>");
}

// Of how many formats all is understood, by kernel: the rest name what stands in the kernel alone.
TEST(PrintFormat, NearlyAllFormatsOfRealKernelsAreUnderstood) {
  const std::vector<std::pair<const char*, std::pair<std::size_t, std::size_t>>> expected = {
      {"4.4.0", {13, 13}},
      {"5.4.0", {15, 15}},
      {"6.1.0-56-amd64", {1357, 1316}},
      {"6.1.0-56-rt-amd64", {1353, 1311}},
      {"6.12.117+deb12-amd64", {1527, 1454}},
      {"6.17.0", {22, 22}},
      {"6.5.0", {21, 21}},
      {"7.3.4", {21, 21}},
      {"7.3.4+deb13-amd64", {1639, 1543}},
      {"native-6.18.44", {2323, 2239}}};
  for (const auto& [kernel, counts] : expected) {
    const FormatRegistry formats = test::registry_of(kernel);
    std::size_t whole = 0;
    PrintGaps gaps;
    for (const EventFormat* const format : formats.formats()) {
      const PrintFormat print(*format, formats.layout());
      whole += print.gaps().any() ? 0U : 1U;
      gaps |= print.gaps();
    }
    EXPECT_EQ(formats.formats().size(), counts.first) << kernel;
    EXPECT_EQ(whole, counts.second) << kernel;
    EXPECT_FALSE(gaps.has(PrintGap::missing_format) || gaps.has(PrintGap::missing_argument) ||
                 gaps.has(PrintGap::bad_conversion))
        << kernel;
  }
}

TEST(PrintFormat, PackedArgumentsOfTracePrintk) {
  std::string packed;
  const auto add = [&packed](auto value, std::size_t alignment) {
    packed.resize((packed.size() + alignment - 1) / alignment * alignment);
    packed.append(reinterpret_cast<const char*>(&value), sizeof value);
  };
  add(std::int32_t{-3}, 4);
  packed += std::string("text\0", 5);
  add(std::uint64_t{0xffffffff81000010}, 4);
  add('x', 1);
  add(std::int16_t{-7}, 2);
  add(std::int32_t{6}, 4);
  add(std::uint32_t{42}, 4);
  packed += std::string("1.2.3.4\0", 8);
  add(std::uint64_t{0xffffffff81000010}, 4);
  const Symbols symbols;
  const auto print = [&](std::string_view bytes) {
    TextBuffer out;
    const PrintGaps gaps = render_bprint("%d %s %lx %c %hd [%*u] %pI4 %ps\n", test::as_bytes(bytes), {},
                                         {.symbols = AddressNames(symbols)}, out);
    return Rendered{std::string(out.view()), gaps};
  };
  EXPECT_EQ(print(packed).text, "-3 text ffffffff81000010 x -7 [    42] 1.2.3.4 vfs_read [ext4]\n");
  EXPECT_FALSE(print(packed).gaps.any());
  for (std::size_t size = 0; size < packed.size(); ++size)
    EXPECT_TRUE(print(packed.substr(0, size)).gaps.has(PrintGap::missing_argument)) << size;
}

// What pointer() had made into text is in the record as it is to be printed.
TEST(PrintFormat, PackedPointersThatAreTexts) {
  const auto print = [](std::string_view format, std::string_view packed, const PageLayout& layout = {}) {
    TextBuffer out;
    const Symbols symbols;
    const PrintGaps gaps =
        render_bprint(format, test::as_bytes(packed), layout, {.symbols = AddressNames(symbols)}, out);
    return gaps.any() ? "a gap" : std::string(out.view());
  };
  using std::string_literals::operator""s;
  const std::string address = "\x10\0\0\x81\xff\xff\xff\xff"s;
  EXPECT_EQ(print("%pB.", "vfs_read+0x10/0x370\0"s), "vfs_read+0x10/0x370.");
  EXPECT_EQ(print("%pd4 %pOFfp %pGp|%pfwP.", "a/b\0/soc\0locked\0node\0"s), "a/b /soc locked|node.");
  EXPECT_EQ(print("%pf %pSR %d", address + address), "a gap");
  EXPECT_EQ(print("%pf %pSR", address + address), "vfs_read [ext4] vfs_read+0x10/0x370 [ext4]");
  EXPECT_EQ(print("[%*pbl]", "\x40\0\0\0"s + "0-3\0"s), "[0-3]");
  EXPECT_EQ(print("[%20pI4]", "1.2.3.4\0"s), "[1.2.3.4]");
  PageLayout narrow;
  narrow.long_size = 4;
  EXPECT_EQ(print("%ld %lx %lld.", "\xff\xff\xff\xff"s + "\xff\xff\xff\xff"s + "\1\0\0\0\0\0\0\0"s, narrow),
            "-1 ffffffff 1.");
}

TEST(PrintkFormats, LinesAreTextsByAddress) {
  const auto texts = PrintkFormats::parse("0xffff1 : \"a\\tb\\n\"\nnonsense\n0x2 : \"\"\n0x3 : \"cut");
  EXPECT_EQ(texts.size(), 2U);
  EXPECT_EQ(texts.find(0xffff1), "a\tb\n");
  EXPECT_EQ(texts.find(2), "");
  EXPECT_FALSE(texts.find(3));
  EXPECT_EQ(texts.stats().skipped(SkipReason::unknown_line), 2U);
  EXPECT_EQ(texts.stats().bytes, texts.stats().parsed_bytes + texts.stats().skipped_bytes);
}

TEST(TextBuffer, NumbersAndColumns) {
  TextBuffer out;
  out.decimal(0);
  out.append(' ');
  out.decimal(18446744073709551615U);
  out.append(' ');
  out.signed_decimal(-9223372036854775807 - 1);
  out.append(' ');
  out.decimal(42, 5, '0');
  out.hex(0);
  out.hex(0xdeadbeef, 10);
  EXPECT_EQ(out.view(), "0 18446744073709551615 -9223372036854775808 00042000deadbeef");
  for (std::uint64_t number = 1; number < 10'000'000'000'000'000'000U; number *= 10) {
    for (const std::uint64_t near : {number - 1, number, number + 1}) {
      out.clear();
      out.decimal(near);
      EXPECT_EQ(out.view(), std::to_string(near));
    }
    if (number > 1'000'000'000'000'000'000U)
      break;
  }
}

}  // namespace
}  // namespace fathom
