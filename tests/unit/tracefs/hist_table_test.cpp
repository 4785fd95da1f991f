#include <fathom/tracefs/hist_table.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

namespace fathom {
namespace {

using ::testing::ElementsAre;

constexpr const char* kTotals = "\nTotals:\n    Hits: 3\n    Entries: 1\n    Dropped: 0\n";

std::string header(const std::string& trigger) {
  return "# event histogram\n#\n# trigger info: hist:" + trigger + " [active]\n#\n\n";
}

// As the kernel prints a string.
std::string padded(std::string text) {
  text.resize(50, ' ');
  return text;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void expect_all_accounted(const HistFile& file, std::size_t size) {
  const ParseStats& s = file.stats;
  EXPECT_EQ(s.bytes, size);
  EXPECT_EQ(s.parsed_bytes + s.skipped_bytes, s.bytes);
  EXPECT_EQ(s.parsed_records + s.skipped_records(), s.records);
}

// Parses a table with one entry, whose text is given from the brace on.
HistEntry parse_entry(const std::string& keys_and_values, const std::string& entry) {
  const std::string text = header(keys_and_values + ":sort=hitcount:size=2048") + entry + kTotals;
  HistFile file = parse_hist(text);
  expect_all_accounted(file, text.size());
  EXPECT_EQ(file.stats.skipped_records(), 0U) << (file.stats.first_bad ? file.stats.first_bad->text : "");
  if (file.tables.size() != 1 || file.tables[0].entries.size() != 1) {
    ADD_FAILURE() << "no entry in " << text;
    return {};
  }
  EXPECT_EQ(file.tables[0].totals, (HistTable::Totals{3, 1, 0}));
  return std::move(file.tables[0].entries[0]);
}

TEST(HistTable, ReadsEachKindOfKey) {
  const struct {
    const char* description;
    const char* entry;
    HistKey expected;
  } cases[] = {
      {"keys=prev_pid:vals=hitcount",
       "{ prev_pid:         32 } hitcount:          3\n",
       {.field = {"prev_pid"}, .number = 32, .last = {}, .text = {}, .stack = {}}},
      {"keys=next_pid.hex:vals=hitcount",
       "{ next_pid: 8f } hitcount:          3\n",
       {.field = {"next_pid", HistModifier::hex}, .number = 0x8f, .last = {}, .text = {}, .stack = {}}},
      {"keys=prev_comm:vals=hitcount",
       "{ prev_comm: kworker/0:1                                        } hitcount:          3\n",
       {.field = {"prev_comm"}, .number = {}, .last = {}, .text = "kworker/0:1", .stack = {}}},
      {"keys=comm:vals=hitcount",
       "{ comm: 42                                                 } hitcount:          3\n",
       {.field = {"comm"}, .number = {}, .last = {}, .text = "42", .stack = {}}},
      {"keys=call_site.sym:vals=hitcount",
       "{ call_site: [ffffffffc0421520] p9pdu_readf [9pnet]                           } hitcount:          3\n",
       {.field = {"call_site", HistModifier::sym},
        .number = 0xffffffffc0421520,
        .last = {},
        .text = "p9pdu_readf [9pnet]",
        .stack = {}}},
      {"keys=function.sym-offset:vals=hitcount",
       "{ function: [ffffffff8148bbe0] hrtimer_wakeup+0x0/0x30                                 } hitcount:          "
       "3\n",
       {.field = {"function", HistModifier::sym_offset},
        .number = 0xffffffff8148bbe0,
        .last = {},
        .text = "hrtimer_wakeup+0x0/0x30",
        .stack = {}}},
      {"keys=common_pid.execname:vals=hitcount",
       "{ common_pid: kworker/0:1     [         9] } hitcount:          3\n",
       {.field = {"common_pid", HistModifier::execname}, .number = 9, .last = {}, .text = "kworker/0:1", .stack = {}}},
      {"keys=id.syscall:vals=hitcount",
       "{ id: sys_close                     [  3] } hitcount:          3\n",
       {.field = {"id", HistModifier::syscall}, .number = 3, .last = {}, .text = "sys_close", .stack = {}}},
      {"keys=bytes_req.log2:vals=hitcount",
       "{ bytes_req: ~ 2^8  } hitcount:          3\n",
       {.field = {"bytes_req", HistModifier::log2}, .number = 8, .last = {}, .text = {}, .stack = {}}},
      {"keys=bytes_req.buckets=32:vals=hitcount",
       "{ bytes_req: ~ 160-191 } hitcount:          3\n",
       {.field = {"bytes_req", HistModifier::buckets, 32}, .number = 160, .last = 191, .text = {}, .stack = {}}},
      {"keys=common_timestamp.usecs:vals=hitcount",
       "{ common_timestamp:   27094019 } hitcount:          3\n",
       {.field = {"common_timestamp", HistModifier::usecs}, .number = 27094019, .last = {}, .text = {}, .stack = {}}},
      {"keys=next_prio-prev_prio:vals=hitcount",
       "{ next_prio-prev_prio: 18446744073709551596 } hitcount:          3\n",
       {.field = {"next_prio-prev_prio"}, .number = 18446744073709551596U, .last = {}, .text = {}, .stack = {}}},
      {"keys=stacktrace:vals=hitcount",
       "{ stacktrace:\n         swake_up_one+0x2e/0x60\n         p9_client_cb+0x24/0x40 [9pnet]\n} hitcount:          "
       "3\n",
       {.field = {"stacktrace"},
        .number = {},
        .last = {},
        .text = {},
        .stack = {"swake_up_one+0x2e/0x60", "p9_client_cb+0x24/0x40 [9pnet]"}}},
      {"keys=common_stacktrace:vals=hitcount",
       "{ common_stacktrace:\n} hitcount:          3\n",
       {.field = {"common_stacktrace"}, .number = {}, .last = {}, .text = {}, .stack = {}}},
      {"keys=stack.stacktrace:vals=hitcount",
       "{ stack.stacktrace:\n         schedule+0x28/0xa0\n} hitcount:          3\n",
       {.field = {"stack", HistModifier::stacktrace},
        .number = {},
        .last = {},
        .text = {},
        .stack = {"schedule+0x28/0xa0"}}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.entry);
    const HistEntry entry = parse_entry(c.description, c.entry);
    EXPECT_THAT(entry.keys, ElementsAre(c.expected));
    EXPECT_EQ(entry.hitcount(), 3U);
  }
}

TEST(HistTable, ReadsSeveralKeys) {
  const HistEntry three =
      parse_entry("keys=id.syscall,comm,common_pid.execname:vals=hitcount",
                  "{ id: sys_close                     [  3], comm: " + padded("a, common_pid: x } hitcount: 9") +
                      ", common_pid: sh              [       126] } hitcount:          3\n");
  ASSERT_EQ(three.keys.size(), 3U);
  EXPECT_EQ(three.keys[0].number, 3U);
  // What looks like the next key, and like the end, was part of the program's name.
  EXPECT_EQ(three.keys[1].text, "a, common_pid: x } hitcount: 9");
  EXPECT_EQ(three.keys[2].text, "sh");
  EXPECT_EQ(three.keys[2].number, 126U);

  const HistEntry behind_stack = parse_entry("keys=common_stacktrace,prev_pid:vals=hitcount,prev_prio",
                                             "{ common_stacktrace:\n"
                                             "         __schedule+0x8e6/0x1080\n"
                                             "         schedule+0x28/0xa0\n"
                                             ", prev_pid:        313} hitcount:          3  prev_prio:        120\n");
  ASSERT_EQ(behind_stack.keys.size(), 2U);
  EXPECT_EQ(behind_stack.keys[0].stack.size(), 2U);
  EXPECT_EQ(behind_stack.keys[1].number, 313U);
  EXPECT_EQ(behind_stack.value("prev_prio"), 120U);

  const HistEntry before_stack = parse_entry("keys=prev_pid,stacktrace:vals=hitcount",
                                             "{ prev_pid:        313, stacktrace:\n"
                                             "         schedule+0x28/0xa0\n"
                                             "} hitcount:          3\n");
  EXPECT_EQ(before_stack.keys[0].number, 313U);
  EXPECT_THAT(before_stack.keys[1].stack, ElementsAre("schedule+0x28/0xa0"));
}

TEST(HistTable, ReadsEachKindOfValue) {
  const HistEntry entry =
      parse_entry("keys=a:vals=hitcount,bytes_req.percent,bytes_alloc.graph,flags.hex,delta,lost.percent",
                  "{ a:          1 } hitcount:          3  bytes_req (%):  12.34  bytes_alloc: #####                 "
                  "flags:       1f  "
                  "delta: 18446744073709551615  lost (%):[ERROR]\n");
  ASSERT_EQ(entry.values.size(), 6U);
  EXPECT_EQ(entry.value("bytes_req"), 1234U);
  EXPECT_EQ(entry.values[2].text, "#####");
  EXPECT_FALSE(entry.values[2].number);
  EXPECT_EQ(entry.value("flags"), 0x1fU);
  EXPECT_EQ(entry.values[4].as_signed(), -1);
  EXPECT_FALSE(entry.values[5].number);
  EXPECT_FALSE(entry.value("nope"));

  // hitcount again, as a share and as a bar.
  const HistEntry again =
      parse_entry("keys=a:vals=hitcount,hitcount.percent,hitcount.graph",
                  "{ a:          1 } hitcount:          3  hitcount (%):   0.08  hitcount: ####################\n");
  EXPECT_EQ(again.hitcount(), 3U);
  EXPECT_EQ(again.values[1].number, 8U);
  EXPECT_EQ(again.values[2].text, std::string(20, '#'));

  // An expression is a value that is not printed.
  const HistEntry variable = parse_entry("keys=pid:vals=hitcount,a-b,prio:ts0=common_timestamp.usecs",
                                         "{ pid:         30 } hitcount:          3  prio:        120\n");
  EXPECT_EQ(variable.values.size(), 2U);
  EXPECT_EQ(variable.value("prio"), 120U);
}

TEST(HistTable, ReadsWhatActionsKept) {
  const HistEntry entry = parse_entry(
      "keys=next_pid:vals=hitcount:lat=common_timestamp.usecs-$ts0:sort=hitcount:size=2048:clock=global:"
      "onmax($lat).save(next_comm,prev_pid,prev_comm)",
      "{ next_pid:         12 } hitcount:          3\n"
      "\tmax:        269  next_comm: kworker/u4:0                      prev_pid:          7  prev_comm: swapper/0"
      "                       \n");
  ASSERT_EQ(entry.tracked.size(), 1U);
  EXPECT_EQ(entry.tracked[0].name, "max");
  EXPECT_EQ(entry.tracked[0].number, 269U);
  ASSERT_EQ(entry.tracked[0].saved.size(), 3U);
  EXPECT_EQ(entry.tracked[0].saved[0].text, "kworker/u4:0");
  EXPECT_EQ(entry.tracked[0].saved[1].number, 7U);
  EXPECT_EQ(entry.tracked[0].saved[2].text, "swapper/0");

  const std::string text = header("keys=p:vals=hitcount:sort=hitcount:size=2048:onchange($x).snapshot()") +
                           "{ p:         12 } hitcount:          3\n"
                           "\tchanged:         84\n"
                           "\nSnapshot taken (see tracing/snapshot).  Details:\n"
                           "\ttriggering value { onmax($x) }:         84"
                           "\ttriggered by event with key: { p:         12 }\n" +
                           kTotals;
  const HistFile file = parse_hist(text);
  EXPECT_EQ(file.stats.skipped_records(), 0U);
  ASSERT_EQ(file.tables.at(0).entries.at(0).tracked.size(), 1U);
  EXPECT_EQ(file.tables[0].entries[0].tracked[0].name, "changed");
}

TEST(HistTable, ReadsTheHeader) {
  const HistFile file = parse_hist(
      "# event histogram\n#\n# trigger info: hist:name=foo:keys=parent_comm,child_pid.hex:vals=hitcount,child_pid:"
      "sort=hitcount:size=256 if parent_pid > 1 [paused]\n#\n\n");
  ASSERT_EQ(file.tables.size(), 1U);
  const HistTable& table = file.tables[0];
  EXPECT_EQ(
      table.trigger,
      "hist:name=foo:keys=parent_comm,child_pid.hex:vals=hitcount,child_pid:sort=hitcount:size=256 if parent_pid > 1");
  EXPECT_THAT(table.keys, ElementsAre(HistField{"parent_comm"}, HistField{"child_pid", HistModifier::hex}));
  EXPECT_THAT(table.values, ElementsAre(HistField{"hitcount"}, HistField{"child_pid"}));
  EXPECT_EQ(table.filter, "parent_pid > 1");
  EXPECT_TRUE(table.paused);
  EXPECT_FALSE(table.totals);
}

TEST(HistTable, CountsWhatItDoesNotUnderstand) {
  const std::string start = header("keys=pid,comm:vals=hitcount:sort=hitcount:size=2048");
  const std::string bash = padded("bash");
  const struct {
    const char* what;
    std::string text;
    SkipReason reason;
    std::uint64_t skipped;
  } cases[] = {
      {"prose", "hello\n", SkipReason::unknown_line, 1},
      {"an entry without a header", "{ pid:          1 } hitcount:          1\n", SkipReason::unknown_line, 1},
      {"another key", start + "{ tid:          1, comm: " + bash + " } hitcount:          1\n",
       SkipReason::unknown_line, 1},
      {"a string that is not filled up", start + "{ pid:          1, comm: bash } hitcount:          1\n",
       SkipReason::unknown_line, 1},
      {"a key too few", start + "{ pid:          1 } hitcount:          1\n", SkipReason::unknown_line, 1},
      {"no values", start + "{ pid:          1, comm: " + bash + " }\n", SkipReason::unknown_line, 1},
      {"another value", start + "{ pid:          1, comm: " + bash + " } hitcount:          1  x:          1\n",
       SkipReason::unknown_line, 1},
      {"no number", start + "{ pid:          1, comm: " + bash + " } hitcount:          x\n", SkipReason::unknown_line,
       1},
      {"too big a number", start + "{ pid: 99999999999999999999, comm: " + bash + " } hitcount:          1\n",
       SkipReason::unknown_line, 1},
      {"the last line without its end", start + "{ pid:          1, comm: " + bash + " } hitcount:          1",
       SkipReason::cut_line, 1},
      {"a totals line without its end", start + "\nTotals:\n    Hits: 12", SkipReason::cut_line, 1},
      {"totals out of order", start + "\nTotals:\n    Dropped: 12\n", SkipReason::unknown_line, 1},
      {"zero bytes", start + std::string("a\0b\n", 4), SkipReason::not_text, 1},
      {"a long line", start + std::string(10'000, 'a') + '\n', SkipReason::line_too_long, 1},
      {"a header without values", "# trigger info: hist:keys=pid [active]\n", SkipReason::unknown_line, 1},
      {"a header without state", "# trigger info: hist:keys=pid:vals=hitcount\n", SkipReason::unknown_line, 1},
      {"a stack that ends in the middle",
       header("keys=stacktrace:vals=hitcount:sort=hitcount:size=2048") + "{ stacktrace:\n         schedule+0x1/0x2\n",
       SkipReason::cut_line, 2},
      {"a stack that something breaks off",
       header("keys=stacktrace:vals=hitcount:sort=hitcount:size=2048") +
           "{ stacktrace:\n         schedule+0x1/0x2\n\nTotals:\n",
       SkipReason::unknown_line, 2},
      {"what an action kept, before any entry", start + "\tmax:        269\n", SkipReason::unknown_line, 1},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    const HistFile file = parse_hist(c.text);
    expect_all_accounted(file, c.text.size());
    EXPECT_EQ(file.stats.skipped(c.reason), c.skipped);
    EXPECT_EQ(file.stats.skipped_records(), c.skipped);
    ASSERT_TRUE(file.stats.first_bad);
    EXPECT_EQ(file.stats.first_bad->reason, c.reason);
    for (const HistTable& table : file.tables)
      EXPECT_TRUE(table.entries.empty());
  }
}

TEST(HistTable, GoesOnBehindABadLine) {
  const std::string text = header("keys=stacktrace:vals=hitcount:sort=hitcount:size=2048") +
                           "{ stacktrace:\n         schedule+0x1/0x2\n"
                           "{ stacktrace:\n         schedule+0x3/0x4\n} hitcount:          3\n" +
                           kTotals;
  const HistFile file = parse_hist(text);
  expect_all_accounted(file, text.size());
  EXPECT_EQ(file.stats.skipped_records(), 2U);
  ASSERT_EQ(file.tables.at(0).entries.size(), 1U);
  EXPECT_THAT(file.tables[0].entries[0].keys[0].stack, ElementsAre("schedule+0x3/0x4"));
  EXPECT_EQ(file.stats.first_bad->number, 6U);
}

// Real captures: what each holds, counted once with a regular expression over the text.
struct Counts {
  std::vector<std::size_t> entries;  // of each table
  std::uint64_t hitcounts = 0;       // their sum, over all tables
};

const std::map<std::string, Counts>& golden() {
  static const std::map<std::string, Counts> counts = {
      {"6.1.0-56-amd64/ev/hist-sched_switch.txt", {{16}, 264}},
      {"6.1.0-56-amd64/ev/hist-stack.txt", {{81}, 375}},
      {"6.1.0-56-amd64/ev/hist-sys_enter.txt", {{38}, 397}},
      {"6.1.0-56-rt-amd64/ev/hist-sched_switch.txt", {{26}, 759}},
      {"6.1.0-56-rt-amd64/ev/hist-stack.txt", {{182}, 1144}},
      {"6.1.0-56-rt-amd64/ev/hist-sys_enter.txt", {{38}, 397}},
      {"6.17.0/hist.txt", {{9}, 76}},
      {"6.5.0/hist.txt", {{10}, 27}},
      {"7.3.4+deb13-amd64/ev/hist-sched_switch.txt", {{16}, 212}},
      {"7.3.4+deb13-amd64/ev/hist-stack.txt", {{76}, 239}},
      {"7.3.4+deb13-amd64/ev/hist-sys_enter.txt", {{38}, 385}},
      {"7.3.4/hist.txt", {{10}, 46}},
      {"data/6.1.0-56-amd64/hex.txt", {{79}, 736}},
      {"data/6.1.0-56-amd64/onmax.txt", {{7}, 74}},
      {"data/6.1.0-56-amd64/percent.txt", {{22}, 1404}},
      {"data/6.1.0-56-amd64/sym.txt", {{2}, 225}},
      {"data/6.1.0-56-amd64/three.txt", {{7, 1, 0}, 149}},
      {"data/6.1.0-56-amd64/var.txt", {{23}, 613}},
      {"data/6.1.0-56-rt-amd64/expr.txt", {{7}, 2219}},
      {"data/6.1.0-56-rt-amd64/signed.txt", {{53}, 1347}},
      {"data/6.12.117+deb12-amd64/buckets2.txt", {{11}, 1445}},
      {"data/6.12.117+deb12-amd64/hitpct.txt", {{23}, 1457}},
      {"data/6.12.117+deb12-amd64/log2.txt", {{10}, 1444}},
      {"data/6.12.117+deb12-amd64/name.txt", {{17}, 17}},
      {"data/6.12.117+deb12-amd64/onmatch.txt", {{12}, 201}},
      {"data/7.3.4+deb13-amd64/execname.txt", {{25}, 694}},
      {"data/7.3.4+deb13-amd64/filename.txt", {{2}, 17}},
      {"data/7.3.4+deb13-amd64/three.txt", {{8, 1, 0}, 110}},
      {"data/7.3.4+deb13-amd64/usecs.txt", {{128}, 128}},
  };
  return counts;
}

std::vector<std::pair<std::string, std::filesystem::path>> captures() {
  std::vector<std::pair<std::string, std::filesystem::path>> found;
  const std::filesystem::path data = std::filesystem::path(FATHOM_TEST_DATA) / "hist";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(data)) {
    if (entry.path().extension() == ".txt")
      found.emplace_back("data/" + std::filesystem::relative(entry.path(), data).string(), entry.path());
  }
  const std::filesystem::path text = FATHOM_TEST_CAPTURES;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(text)) {
    if (entry.path().filename().string().starts_with("hist") && entry.path().extension() == ".txt")
      found.emplace_back(std::filesystem::relative(entry.path(), text).string(), entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

TEST(HistTable, ReadsEveryCaptureWhole) {
  const auto files = captures();
  EXPECT_EQ(files.size(), golden().size());
  for (const auto& [name, path] : files) {
    SCOPED_TRACE(name);
    const std::string text = read_file(path);
    ASSERT_FALSE(text.empty());
    const HistFile file = parse_hist(text);
    expect_all_accounted(file, text.size());
    EXPECT_EQ(file.stats.skipped_records(), 0U) << (file.stats.first_bad ? file.stats.first_bad->text : "");
    Counts counts;
    for (const HistTable& table : file.tables) {
      std::uint64_t sum = 0;
      for (const HistEntry& entry : table.entries) {
        EXPECT_EQ(entry.keys.size(), table.keys.size());
        sum += entry.hitcount();
      }
      ASSERT_TRUE(table.totals);
      EXPECT_EQ(table.totals->entries, table.entries.size());
      // The kernel counts on while it prints.
      EXPECT_LE(sum, table.totals->hits);
      counts.entries.push_back(table.entries.size());
      counts.hitcounts += sum;
    }
    const auto expected = golden().find(name);
    ASSERT_NE(expected, golden().end());
    EXPECT_EQ(counts.entries, expected->second.entries);
    EXPECT_EQ(counts.hitcounts, expected->second.hitcounts);
  }
}

TEST(HistTable, ATextThatIsCutHasNoOtherEntries) {
  for (const char* name :
       {"6.1.0-56-amd64/onmax.txt", "6.12.117+deb12-amd64/hitpct.txt", "7.3.4+deb13-amd64/three.txt"}) {
    const std::string text = read_file(std::filesystem::path(FATHOM_TEST_DATA) / "hist" / name);
    ASSERT_FALSE(text.empty());
    const HistFile whole = parse_hist(text);
    for (std::size_t size = 0; size < text.size(); ++size) {
      const HistFile cut = parse_hist(std::string_view(text).substr(0, size));
      expect_all_accounted(cut, size);
      ASSERT_LE(cut.tables.size(), whole.tables.size());
      for (std::size_t t = 0; t < cut.tables.size(); ++t) {
        ASSERT_LE(cut.tables[t].entries.size(), whole.tables[t].entries.size());
        for (std::size_t e = 0; e < cut.tables[t].entries.size(); ++e) {
          EXPECT_EQ(cut.tables[t].entries[e].keys, whole.tables[t].entries[e].keys);
          EXPECT_EQ(cut.tables[t].entries[e].values, whole.tables[t].entries[e].values);
        }
      }
    }
  }
}

}  // namespace
}  // namespace fathom
