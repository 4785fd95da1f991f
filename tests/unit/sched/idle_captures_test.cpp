// The same buffer as pages and as text gives the same account, and so does a trace.dat of trace-cmd by its report.

#include "rawtrace/raw_captures.hpp"
#include "switch_formats.hpp"

#include <fathom/graph/function_graph_parser.hpp>
#include <fathom/rawtrace/page_decoder.hpp>
#include <fathom/sched/detail/hotplug_steps.hpp>
#include <fathom/sched/idle_accounting.hpp>
#include <fathom/sched/idle_from_records.hpp>
#include <fathom/sched/idle_from_text.hpp>
#include <fathom/tracedat/trace_dat_reader.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace fathom {
namespace {

namespace fs = std::filesystem;
using test::raw_of;
using test::read_file;

struct Capture {
  const char* kernel;
  const char* name;
  bool interrupts;
};

std::ostream& operator<<(std::ostream& out, const Capture& capture) {
  return out << capture.kernel << ' ' << capture.name;
}

void expect_near(Duration a, Duration b, Duration slack) {
  EXPECT_LE(std::abs((a - b).count()), slack.count()) << a.count() << " and " << b.count();
}

void expect_sound(const CpuIdleTime& time) {
  EXPECT_EQ(time.idle + time.busy + time.interrupts_in_idle + time.interrupts_in_busy + time.offline + time.unknown,
            time.to - time.from);
}

void expect_same(const IdleAccounting& pages, const IdleAccounting& text) {
  ASSERT_EQ(pages.cpus(), text.cpus());
  EXPECT_EQ(pages.stats().events, text.stats().events);
  EXPECT_EQ(pages.stats().unmatched, text.stats().unmatched);
  EXPECT_EQ(pages.stats().contradictions, text.stats().contradictions);
  // A time of the text is up to a microsecond early.
  const Duration slack{static_cast<std::int64_t>(1000 * pages.stats().events + 1000)};
  for (const std::uint32_t cpu : pages.cpus()) {
    const CpuIdleTime a = pages.window(cpu, pages.begin(), pages.end());
    const CpuIdleTime b = text.window(cpu, text.begin(), text.end());
    expect_sound(a);
    expect_sound(b);
    expect_near(a.to - a.from, b.to - b.from, Duration{1000});
    expect_near(a.idle, b.idle, slack);
    expect_near(a.busy, b.busy, slack);
    expect_near(a.interrupts_in_idle, b.interrupts_in_idle, slack);
    expect_near(a.interrupts_in_busy, b.interrupts_in_busy, slack);
    expect_near(a.unknown, b.unknown, slack);
    ASSERT_FALSE(a.tasks.empty());
    ASSERT_FALSE(b.tasks.empty());
    EXPECT_EQ(a.tasks.front().pid, b.tasks.front().pid);
  }
}

IdleAccounting of_text(const std::string& text) {
  IdleAccounting idle;
  IdleFromText lines(idle);
  FunctionGraphParser parser;
  parser.feed(text, lines);
  parser.finish(lines);
  lines.finish();
  EXPECT_EQ(lines.unreadable(), 0U);
  return idle;
}

class IdleCaptures : public testing::TestWithParam<Capture> {};

TEST_P(IdleCaptures, PagesAndTextAgree) {
  const Capture& capture = GetParam();
  const FormatRegistry formats = test::registry_of(capture.kernel);
  IdleAccounting by_pages;
  IdleFromRecords records(formats, by_pages);
  PageDecoder decoder(formats);
  for (std::uint32_t cpu = 0; cpu < 4; ++cpu) {
    const std::string bytes = read_file(raw_of(capture.kernel) / capture.name / ("cpu" + std::to_string(cpu) + ".raw"));
    decoder.feed(cpu, test::as_bytes(bytes), records);
  }
  records.finish();
  EXPECT_EQ(records.short_records(), 0U);

  const std::string text = read_file(fs::path(FATHOM_TEST_CAPTURES) / capture.kernel / capture.name / "trace.txt");
  ASSERT_FALSE(text.empty());
  const IdleAccounting by_text = of_text(text);
  expect_same(by_pages, by_text);

  Duration interrupts{0};
  for (const std::uint32_t cpu : by_pages.cpus()) {
    const CpuIdleTime time = by_pages.window(cpu, by_pages.begin(), by_pages.end());
    interrupts += time.interrupts_in_idle + time.interrupts_in_busy;
    EXPECT_TRUE(time.complete());
  }
  EXPECT_EQ(interrupts > Duration{0}, capture.interrupts);
}

INSTANTIATE_TEST_SUITE_P(Of, IdleCaptures,
                         testing::Values(Capture{"6.1.0-56-amd64", "raw/events-sched-syscalls-irq", true},
                                         Capture{"6.1.0-56-amd64", "raw/events-time-extend", false},
                                         Capture{"6.1.0-56-rt-amd64", "raw/events-sched-syscalls-irq", true},
                                         Capture{"6.1.0-56-rt-amd64", "raw/events-time-extend", false},
                                         Capture{"7.3.4+deb13-amd64", "raw/events-sched-syscalls-irq", true},
                                         Capture{"7.3.4+deb13-amd64", "raw/events-time-extend", false}),
                         [](const auto& capture) {
                           std::string name = std::string(capture.param.kernel) + '_' + capture.param.name;
                           std::ranges::replace_if(
                               name, [](char c) { return c == '.' || c == '-' || c == '+' || c == '/'; }, '_');
                           return name;
                         });

TEST(IdleTraceDat, IsAccountedFor) {
  const std::string bytes = read_file(fs::path(FATHOM_TEST_TRACEDAT) / "6.1.0-56-amd64" / "events-v6.dat");
  ASSERT_FALSE(bytes.empty());
  TraceDatReader file(test::as_bytes(bytes));
  const FormatRegistry formats = file.formats();
  IdleAccounting idle;
  IdleFromRecords records(formats, idle);
  ASSERT_FALSE(file.buffers().empty());
  const TraceDatBuffer& buffer = file.buffers().front();
  PageDecoder decoder(file.layout(buffer), formats.id_offset());
  for (const TraceDatCpu& cpu : buffer.cpus) {
    const TraceDatBytes pages = file.pages(buffer, cpu);
    decoder.feed(cpu.cpu, pages.bytes(), records);
  }
  records.finish();
  ASSERT_FALSE(idle.cpus().empty());
  std::map<std::string, Duration> busy;
  for (const std::uint32_t cpu : idle.cpus()) {
    const CpuIdleTime time = idle.window(cpu, idle.begin(), idle.end());
    expect_sound(time);
    EXPECT_TRUE(time.complete());
    EXPECT_GT(time.busy, Duration{0});
    for (const TaskTime& task : time.tasks)
      busy[task.comm] += task.time;
    // Halves add up to the whole.
    const Timestamp middle = idle.begin() + (idle.end() - idle.begin()) / 2;
    const CpuIdleTime first = idle.window(cpu, idle.begin(), middle);
    const CpuIdleTime second = idle.window(cpu, middle, idle.end());
    EXPECT_EQ(first.idle + second.idle, time.idle);
    EXPECT_EQ(first.busy + second.busy, time.busy);
    EXPECT_EQ(first.interrupts_in_idle + second.interrupts_in_idle, time.interrupts_in_idle);
    EXPECT_EQ(first.idle_periods + second.idle_periods, time.idle_periods);
  }
  EXPECT_GT(busy["trace-cmd"], Duration{0});
  EXPECT_EQ(idle.stats().contradictions, 0U);
  EXPECT_EQ(idle.stats().out_of_order, 0U);
}

// CPU 1 was taken down, brought back, and taken down again; half a second and 300 ms later by the clock of a virtual
// machine. The lines are those of CPU 1's switches and of its hotplug, most left out.
class IdleHotplug : public testing::TestWithParam<const char*> {};

TEST_P(IdleHotplug, ACpuThatIsDownIsNeitherIdleNorBusy) {
  const std::string text = read_file(fs::path(FATHOM_TEST_DATA) / "hotplug" / (std::string(GetParam()) + ".txt"));
  const IdleAccounting idle = of_text(text);
  struct Switches {
    std::vector<Timestamp> to_stopper;
    FunctionTable table;
    FunctionTable& functions() { return table; }
    void on(const GraphEntry&) {}
    void on(const GraphExit&) {}
    void on(const GraphComment&) {}
    void on(const Loss&) {}
    void on(const TextRecord& event) {
      const auto one = parse_sched_switch(event.context, event.text);
      if (one && one->cpu == 1 && one->prev.pid == 0 && one->next.comm == "migration/1")
        to_stopper.push_back(one->time);
    }
  } switches;
  FunctionGraphParser again;
  again.feed(text, switches);
  again.finish(switches);
  // Of three such switches the second is the first event of the CPU that came back.
  ASSERT_EQ(switches.to_stopper.size(), 3U);
  const Timestamp went = switches.to_stopper[0];
  const Timestamp came = switches.to_stopper[1];
  const Timestamp went_again = switches.to_stopper[2];
  const CpuIdleTime time = idle.window(1, idle.begin(), idle.end());
  expect_sound(time);
  EXPECT_EQ(time.offline, (came - went) + (idle.end() - went_again));
  EXPECT_GT(time.offline, Duration{500'000'000});
  EXPECT_EQ(idle.window(0, idle.begin(), idle.end()).offline, Duration{0});
}

INSTANTIATE_TEST_SUITE_P(Of, IdleHotplug,
                         testing::Values("6.1.0-56-amd64", "6.12.117+deb12-amd64", "7.3.4+deb13-amd64"),
                         [](const auto& kernel) {
                           std::string name = kernel.param;
                           std::ranges::replace_if(name, [](char c) { return c == '.' || c == '-' || c == '+'; }, '_');
                           return name;
                         });

TEST(HotplugSteps, TellOnlyWhatIsSure) {
  using Enter = detail::HotplugSteps::Enter;
  using Exit = detail::HotplugSteps::Exit;
  const struct {
    const char* what;
    Enter enter;
    Exit exit;
    std::optional<std::uint64_t> at;  // it begins at 10 and ends at 20, on CPU 0
  } cases[] = {
      {"a step down", {1, 0, 86}, {1, 85, 86, 0}, 20},
      {"of an older kernel", {1, 0, 86}, {1, 86, 86, 0}, 20},
      {"a step up", {1, 236, 65}, {1, 65, 65, 0}, 10},
      {"the CPU goes itself", {1, 145, 236}, {1, 145, 236, 0}, {}},
      {"and is waited for", {1, 0, 145}, {1, 87, 145, 0}, {}},
      {"it comes", {1, 236, 91}, {1, 236, 91, 0}, {}},
      {"a step is installed", {1, 236, 65}, {1, 236, 65, 0}, {}},
      {"a step that failed", {1, 236, 65}, {1, 65, 65, -12}, {}},
      {"another step's end", {1, 0, 86}, {1, 84, 85, 0}, {}},
      {"another CPU's end", {1, 0, 86}, {2, 85, 86, 0}, {}},
      {"the CPU's own step", {0, 0, 86}, {0, 85, 86, 0}, {}},
  };
  for (const auto& c : cases) {
    detail::HotplugSteps steps;
    EXPECT_FALSE(steps.on(0, Timestamp{5}, c.exit)) << c.what;
    steps.on(0, Timestamp{10}, c.enter);
    EXPECT_FALSE(steps.on(3, Timestamp{15}, c.exit)) << c.what << ": begun elsewhere";
    const auto absence = steps.on(0, Timestamp{20}, c.exit);
    EXPECT_EQ(absence.has_value(), c.at.has_value()) << c.what;
    if (absence && c.at) {
      EXPECT_EQ(absence->time.nanoseconds, *c.at) << c.what;
      EXPECT_EQ(absence->cpu, c.exit.cpu) << c.what;
    }
  }
}

// The same by records, of which the formats are those of Linux 6.12.
TEST(IdleFromRecords, TakesHotplugSteps) {
  const std::string common =
      "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
      "\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
      "\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
      "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
      "\tfield:unsigned int cpu;\toffset:8;\tsize:4;\tsigned:0;\n";
  FormatRegistry formats;
  formats.add("sched", test::switch_format_text(test::kLetters5_4));
  formats.add("cpuhp", "name: cpuhp_enter\nID: 142\nformat:\n" + common +
                           "\tfield:int target;\toffset:12;\tsize:4;\tsigned:1;\n"
                           "\tfield:int idx;\toffset:16;\tsize:4;\tsigned:1;\n\nprint fmt: \"\"\n");
  formats.add("cpuhp", "name: cpuhp_exit\nID: 140\nformat:\n" + common +
                           "\tfield:int state;\toffset:12;\tsize:4;\tsigned:1;\n"
                           "\tfield:int idx;\toffset:16;\tsize:4;\tsigned:1;\n"
                           "\tfield:int ret;\toffset:20;\tsize:4;\tsigned:1;\n\nprint fmt: \"\"\n");
  IdleAccounting idle;
  IdleFromRecords records(formats, idle);
  const auto give = [&](std::uint32_t cpu, std::uint64_t time, std::uint16_t id, std::vector<std::int32_t> words) {
    words.insert(words.begin(), {id, 7});
    RawRecord record;
    record.cpu = cpu;
    record.time = time;
    record.id = id;
    record.data = reinterpret_cast<const std::byte*>(words.data());
    record.size = static_cast<std::uint32_t>(words.size() * sizeof(words[0]));
    records.on(record);
  };
  // pid and priority stand behind four words of name each; the state takes two.
  const auto switch_to = [&](std::uint64_t time, std::int32_t prev, std::int32_t next) {
    give(1, time, 315, {0, 0, 0, 0, prev, 0, 0, 0, 0, 0, 0, 0, next, 0});
  };
  switch_to(100, 7, 0);
  switch_to(200, 0, 8);
  give(0, 300, 142, {1, 0, 86});
  give(0, 310, 140, {1, 85, 86, 0});
  give(0, 320, 140, {1, 85});  // cut
  switch_to(520, 0, 7);
  records.finish();
  EXPECT_EQ(idle.window(1, Timestamp{100}, Timestamp{520}).offline, Duration{320});
  EXPECT_EQ(records.short_records(), 1U);
}

TEST(IdleFromText, ReadsNamesThatLookLikeFields) {
  const EventContext context{.cpu = 1, .time = Timestamp{5}, .task = {}, .flags = {}};
  const auto event = parse_sched_switch(context,
                                        "sched_switch: prev_comm=a prev_pid=1 b prev_pid=169 prev_prio=120 "
                                        "prev_state=S ==> next_comm= ==> x next_pid=170 next_prio=120");
  ASSERT_TRUE(event);
  EXPECT_EQ(event->prev.comm, "a prev_pid=1 b");
  EXPECT_EQ(event->prev.pid, 169);
  EXPECT_EQ(event->next.comm, " ==> x");
  EXPECT_EQ(event->next.pid, 170);
  for (const char* text : {"sched_switch: prev_comm=a prev_pid=1", "sched_switch: prev_comm=", "sched_wakeup: comm=a",
                           "sched_switch: prev_comm=a prev_pid=x prev_prio=1 prev_state=S ==> next_comm=b next_pid=1 "
                           "next_prio=1",
                           "sched_switch: prev_comm=a prev_pid=1 prev_prio=1 prev_state=S ==> next_comm=b next_pid=1"})
    EXPECT_FALSE(parse_sched_switch(context, text)) << text;
  EXPECT_FALSE(parse_sched_switch({},
                                  "sched_switch: prev_comm=a prev_pid=1 prev_prio=1 prev_state=S ==> next_comm=b "
                                  "next_pid=1 next_prio=1"));
}

TEST(IdleFromRecords, NeedsSwitches) {
  const FormatRegistry none;
  IdleAccounting idle;
  EXPECT_THROW(IdleFromRecords(none, idle), std::exception);
}

}  // namespace
}  // namespace fathom
