#include <fathom/rawtrace/event_format.hpp>
#include <fathom/rawtrace/format_registry.hpp>

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace fathom {
namespace {

// Linux 6.1, sched_process_exec.
constexpr std::string_view kExec =
    "name: sched_process_exec\nID: 311\nformat:\n"
    "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
    "\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
    "\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
    "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n"
    "\n"
    "\tfield:__data_loc char[] filename;\toffset:8;\tsize:4;\tsigned:0;\n"
    "\tfield:pid_t pid;\toffset:12;\tsize:4;\tsigned:1;\n"
    "\tfield:pid_t old_pid;\toffset:16;\tsize:4;\tsigned:1;\n"
    "\n"
    "print fmt: \"filename=%s pid=%d old_pid=%d\", __get_str(filename), REC->pid, REC->old_pid\n";

TEST(EventFormat, SaysWhatTheTextSays) {
  const auto format = EventFormat::parse("sched", kExec);
  ASSERT_TRUE(format);
  EXPECT_EQ(format->system(), "sched");
  EXPECT_EQ(format->name(), "sched_process_exec");
  EXPECT_EQ(format->id(), 311);
  EXPECT_EQ(format->common_fields().size(), 4U);
  EXPECT_EQ(format->fields().size(), 3U);
  EXPECT_EQ(format->print_fmt(), "\"filename=%s pid=%d old_pid=%d\", __get_str(filename), REC->pid, REC->old_pid");
  EXPECT_EQ(format->oddities(), FormatOddities{});
  const EventField* const filename = format->find("filename");
  ASSERT_NE(filename, nullptr);
  EXPECT_EQ(*filename, (EventField{"filename", "char", 8, 4, 1, FieldKind::data_loc, false}));
  EXPECT_EQ(format->find("nothing"), nullptr);
}

struct FieldCase {
  std::string_view line;
  EventField field;
};

class FieldLine : public testing::TestWithParam<FieldCase> {};

TEST_P(FieldLine, BecomesAField) {
  const std::string text = "name: x\nID: 1\nformat:\n" + std::string(GetParam().line) + "\n";
  const auto format = EventFormat::parse("s", text);
  ASSERT_TRUE(format);
  ASSERT_EQ(format->all_fields().size(), 1U) << text;
  const EventField& field = format->all_fields().front();
  EXPECT_EQ(field, GetParam().field) << field.type << '|' << field.name << '|' << to_string(field.kind) << '|'
                                     << field.element_size;
}

// Each line is from a kernel.
INSTANTIATE_TEST_SUITE_P(
    OfKernels, FieldLine,
    testing::Values(FieldCase{"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;",
                              {"common_type", "unsigned short", 0, 2, 2, FieldKind::value, false}},
                    FieldCase{"\tfield:char prev_comm[16];\toffset:8;\tsize:16;\tsigned:1;",
                              {"prev_comm", "char", 8, 16, 1, FieldKind::array, true}},
                    FieldCase{"\tfield:const char * filename;\toffset:16;\tsize:8;\tsigned:0;",
                              {"filename", "const char *", 16, 8, 8, FieldKind::value, false}},
                    FieldCase{"\tfield:struct robust_list_head * * head_ptr;\toffset:16;\tsize:8;\tsigned:0;",
                              {"head_ptr", "struct robust_list_head * *", 16, 8, 8, FieldKind::value, false}},
                    FieldCase{"\tfield:unsigned long args[6];\toffset:16;\tsize:48;\tsigned:0;",
                              {"args", "unsigned long", 16, 48, 8, FieldKind::array, false}},
                    FieldCase{"\tfield:unsigned long args[];\toffset:24;\tsize:0;\tsigned:0;",
                              {"args", "unsigned long", 24, 0, 8, FieldKind::open_array, false}},
                    FieldCase{"\tfield:char buf;\toffset:16;\tsize:0;\tsigned:1;",
                              {"buf", "char", 16, 0, 1, FieldKind::open_array, true}},
                    FieldCase{"\tfield:__data_loc cpumask_t cpumask;\toffset:8;\tsize:4;\tsigned:0;",
                              {"cpumask", "cpumask_t", 8, 4, 8, FieldKind::data_loc, false}},
                    FieldCase{"\tfield:__rel_loc char[] name;\toffset:8;\tsize:4;\tsigned:0;",
                              {"name", "char", 8, 4, 1, FieldKind::rel_loc, false}},
                    FieldCase{"\tfield:u8 dst[sizeof(struct in6_addr)];\toffset:8;\tsize:16;\tsigned:0;",
                              {"dst", "u8", 8, 16, 1, FieldKind::array, false}},
                    FieldCase{"\tfield:struct page page;\toffset:8;\tsize:64;\tsigned:0;",
                              {"page", "struct page", 8, 64, 64, FieldKind::value, false}}));

TEST(EventFormat, IsNoneWithoutNameOrNumber) {
  for (const std::string_view text : {"", "name: x\n", "ID: 1\n", "name: x\nID: 65536\n", "name: x\nID: -1\n",
                                      "name: \nID: 1\n", "name: x\nID: 1x\n"})
    EXPECT_FALSE(EventFormat::parse("s", text)) << text;
  EXPECT_TRUE(EventFormat::parse("s", "name: x\nID: 65535"));
}

TEST(EventFormat, OddFieldsCostThemselvesOnly) {
  const auto format = EventFormat::parse("s",
                                         "name: x\nID: 1\nformat:\n"
                                         "\tfield:int a;\toffset:0;\tsize:4;\tsigned:1;\n"
                                         "\tfield:int;\toffset:4;\tsize:4;\tsigned:1;\n"
                                         "\tfield:int b;\toffset:99999999999;\tsize:4;\tsigned:1;\n"
                                         "\tfield:int c\n"
                                         "\tfield:__data_loc char[] d;\toffset:4;\tsize:8;\tsigned:1;\n"
                                         "\tfield:int a;\toffset:8;\tsize:4;\tsigned:1;\n"
                                         "\tfield:int e;\toffset:10;\tsize:4;\tsigned:1;\n");
  ASSERT_TRUE(format);
  EXPECT_EQ(format->all_fields().size(), 3U);
  EXPECT_EQ(format->oddities(), (FormatOddities{4, 1, 1}));
  EXPECT_EQ(format->find("a")->offset, 0U);
}

TEST(EventFormat, TakesNoMoreThanAThousandFields) {
  std::string text = "name: x\nID: 1\nformat:\n";
  for (int i = 0; i < 1010; ++i)
    text += "\tfield:int f" + std::to_string(i) + ";\toffset:" + std::to_string(i * 4) + ";\tsize:4;\tsigned:1;\n";
  const auto format = EventFormat::parse("s", text);
  ASSERT_TRUE(format);
  EXPECT_EQ(format->all_fields().size(), 1000U);
  EXPECT_EQ(format->oddities().unreadable_fields, 10U);
}

TEST(FieldKind, EachHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (const FieldKind kind : kFieldKinds)
    names.insert(to_string(kind));
  EXPECT_EQ(names.size(), kFieldKinds.size());
  EXPECT_FALSE(names.contains(""));
}

TEST(FormatRegistry, FindsByNumberAndByName) {
  FormatRegistry formats;
  const EventFormat* const exec = formats.add("sched", kExec);
  ASSERT_NE(exec, nullptr);
  EXPECT_EQ(formats.add("sched", "no format"), nullptr);
  const EventFormat* const other = formats.add("other", "name: sched_process_exec\nID: 7\n");
  EXPECT_EQ(formats.find(311), exec);
  EXPECT_EQ(formats.find(7), other);
  EXPECT_EQ(formats.find(312), nullptr);
  EXPECT_EQ(formats.find(8), nullptr);
  EXPECT_EQ(formats.find("sched", "sched_process_exec"), exec);
  EXPECT_EQ(formats.find("other", "sched_process_exec"), other);
  EXPECT_EQ(formats.find("sched", "sched_switch"), nullptr);
  const ParseStats& stats = formats.stats();
  EXPECT_EQ(stats.records, 3U);
  EXPECT_EQ(stats.skipped(SkipReason::bad_format), 1U);
  EXPECT_EQ(stats.bytes, stats.parsed_bytes + stats.skipped_bytes);
  ASSERT_TRUE(stats.first_bad);
  EXPECT_EQ(stats.first_bad->text, "no format");
}

TEST(FormatRegistry, TheLaterTextWins) {
  FormatRegistry formats;
  formats.add("s", "name: a\nID: 7\n");
  const EventFormat* const again = formats.add("s", "name: a\nID: 8\n");
  const EventFormat* const other = formats.add("s", "name: b\nID: 7\n");
  EXPECT_EQ(formats.find("s", "a"), again);
  EXPECT_EQ(formats.find(7), other);
  EXPECT_EQ(formats.formats().size(), 2U);
}

// In whatever order they come: time that grows with the square of their number would be minutes here.
TEST(FormatRegistry, TakesManyInAnyOrder) {
  constexpr int kFormats = 200'000;
  FormatRegistry formats;
  for (int i = kFormats; i > 0; --i)
    formats.add("s", "name: e" + std::to_string(1'000'000 + i) + "\nID: 7\n");
  EXPECT_EQ(formats.formats().size(), static_cast<std::size_t>(kFormats));
  EXPECT_EQ(formats.formats().front()->name(), "e1000001");
  EXPECT_NE(formats.find("s", "e1000002"), nullptr);
}

TEST(PageLayout, IsReadFromTheHeader) {
  // Linux 6.12 with buffer_subbuf_size_kb of 8, and a 32-bit kernel.
  const auto wide = PageLayout::parse(
      "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
      "\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n"
      "\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n"
      "\tfield: char data;\toffset:16;\tsize:8176;\tsigned:1;\n");
  ASSERT_TRUE(wide);
  EXPECT_EQ(wide->page_size(), 8192U);
  const auto narrow = PageLayout::parse(
      "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
      "\tfield: local_t commit;\toffset:8;\tsize:4;\tsigned:1;\n"
      "\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n"
      "\tfield: char data;\toffset:12;\tsize:4084;\tsigned:1;\n",
      {}, std::endian::big);
  ASSERT_TRUE(narrow);
  EXPECT_EQ(narrow->long_size, 4U);
  EXPECT_EQ(narrow->page_size(), 4096U);
  EXPECT_EQ(narrow->byte_order, std::endian::big);
}

TEST(PageLayout, RefusesWhatCannotBe) {
  const std::string time = "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n";
  const std::string commit = "\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n";
  const std::string data = "\tfield: char data;\toffset:16;\tsize:4080;\tsigned:1;\n";
  ASSERT_TRUE(PageLayout::parse(time + commit + data));
  EXPECT_FALSE(PageLayout::parse(""));
  EXPECT_FALSE(PageLayout::parse(time + commit));
  EXPECT_FALSE(PageLayout::parse(time + data));
  EXPECT_FALSE(PageLayout::parse(commit + data));
  EXPECT_FALSE(PageLayout::parse(time + commit + "\tfield: char data;\toffset:12;\tsize:4080;\tsigned:1;\n"));
  EXPECT_FALSE(PageLayout::parse(time + commit + "\tfield: char data;\toffset:0;\tsize:4080;\tsigned:1;\n"));
  EXPECT_FALSE(PageLayout::parse(time + commit + "\tfield: char data;\toffset:16;\tsize:0;\tsigned:1;\n"));
  EXPECT_FALSE(PageLayout::parse(time + commit + "\tfield: char data;\toffset:16;\tsize:4294967295;\tsigned:1;\n"));
  EXPECT_FALSE(PageLayout::parse(time + "\tfield: local_t commit;\toffset:8;\tsize:2;\tsigned:1;\n" + data));
  EXPECT_FALSE(PageLayout::parse(time + commit + data, "\tpadding     : type == 31\n"));
}

}  // namespace
}  // namespace fathom
