// The same buffer as pages and as text gives the same account, and so does a trace.dat of trace-cmd by its report.

#include "rawtrace/raw_captures.hpp"

#include <fathom/graph/function_graph_parser.hpp>
#include <fathom/rawtrace/page_decoder.hpp>
#include <fathom/sched/idle_accounting.hpp>
#include <fathom/sched/idle_from_records.hpp>
#include <fathom/sched/idle_from_text.hpp>
#include <fathom/tracedat/trace_dat_reader.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>

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
  IdleAccounting by_text;
  IdleFromText lines(by_text);
  FunctionGraphParser parser;
  parser.feed(text, lines);
  parser.finish(lines);
  lines.finish();
  EXPECT_EQ(lines.unreadable(), 0U);
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
