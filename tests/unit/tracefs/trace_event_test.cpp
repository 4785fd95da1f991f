#include "fake_event_files.hpp"

#include <fathom/tracefs/hist_table.hpp>
#include <fathom/tracefs/trace_event.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace fathom {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// The events of a small kernel, at the top level and in one instance.
std::shared_ptr<FakeEventFiles> make_files() {
  auto files = std::make_shared<FakeEventFiles>();
  const std::vector<EventName> events = {
      {"sched", "sched_switch"}, {"sched", "sched_waking"}, {"irq", "softirq_entry"}, {"irq", "softirq_exit"}};
  for (const std::string prefix : {"", "instances/mine/"}) {
    files->texts[prefix + "set_event"] = "";
    files->texts[prefix + "error_log"] = "";
    files->texts[prefix + "events/enable"] = "0\n";
    for (const EventName& event : events) {
      const std::string folder = prefix + "events/" + event.system + '/';
      if (prefix.empty())
        files->texts["available_events"] += event.str() + '\n';
      files->texts[folder + "enable"] = "0\n";
      files->texts[folder + "filter"] = "### global filter ###\n";
      for (const auto& [file, text] : {std::pair{"enable", "0\n"},
                                       {"filter", "none\n"},
                                       {"id", "316\n"},
                                       {"format", "name: it\n"},
                                       {"hist", ""},
                                       {"trigger", "# Available triggers:\n"}})
        files->texts[folder + event.event + '/' + file] = text;
    }
  }
  return files;
}

TEST(ParseEventName, TakesBothSpellings) {
  EXPECT_EQ(parse_event_name("sched:sched_switch"), (EventName{"sched", "sched_switch"}));
  EXPECT_EQ(parse_event_name("fathom_1/open"), (EventName{"fathom_1", "open"}));
  for (const char* bad : {"", "sched", ":", "a:", ":a", "a:b:c", "a/b/c", "a:b c", "../x", "a:..", "a/.."})
    EXPECT_FALSE(parse_event_name(bad)) << bad;
}

TEST(ParseEventNames, LeavesOtherLinesOut) {
  EXPECT_THAT(parse_event_names("sched:sched_switch\n\nnonsense\nirq:softirq_exit"),
              ElementsAre(EventName{"sched", "sched_switch"}, EventName{"irq", "softirq_exit"}));
}

TEST(TraceEvents, ListsAndMatches) {
  const TraceEvents events(make_files());
  EXPECT_EQ(events.list().size(), 4U);
  EXPECT_THAT(events.systems(), ElementsAre("irq", "sched"));
  const struct {
    const char* pattern;
    std::size_t expected;
  } cases[] = {{"sched:sched_switch", 1},
               {"sched", 2},
               {"sched:*", 2},
               {"*:*", 4},
               {"*:softirq_e*", 2},
               {"*", 4},
               {"*:*[gh]", 2},
               {"i?q:*", 2},
               {"nope", 0},
               {"sched:switch", 0},
               {"irq:softirq_e?it", 1},
               {"*q:softirq_entry", 1}};
  for (const auto& c : cases)
    EXPECT_EQ(events.match(c.pattern).size(), c.expected) << c.pattern;
}

TEST(TraceEvents, MatchSomeNamesTheNearest) {
  const TraceEvents events(make_files());
  EXPECT_EQ(events.match_some("sched").size(), 2U);
  const struct {
    const char* pattern;
    const char* action;
    const char* hint;
  } cases[] = {{"shed", "find an event like", "nearest: sched"},
               {"sched_switch", "find an event like", "nearest: sched:sched_switch"},
               {"sched:sched_swich", "find the event", "nearest: sched:sched_switch"},
               {"sched:sched_swi?c*x", "find an event like", "nearest: sched:sched_switch"},
               {"nosuchqqqq", "find an event like", "available_events lists them"}};
  for (const auto& c : cases) {
    try {
      static_cast<void>(events.match_some(c.pattern));
      ADD_FAILURE() << c.pattern;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), std::errc::no_such_file_or_directory);
      EXPECT_EQ(error.action(), c.action);
      EXPECT_EQ(error.path(), c.pattern);
      EXPECT_THAT(error.hint(), testing::StartsWith(c.hint));
    }
  }
}

TEST(TraceEvents, SwitchesWithTheFewestWrites) {
  const auto files = make_files();
  TraceEvents events(files, "instances/mine/");
  events.enable("sched:sched_switch");
  events.enable("irq");
  events.enable("*:*");
  events.disable("*:softirq_*");
  EXPECT_THAT(
      files->writes,
      ElementsAre(FakeEventFiles::Write{"instances/mine/events/sched/sched_switch/enable", WriteMode::truncate, "1\n"},
                  FakeEventFiles::Write{"instances/mine/events/irq/enable", WriteMode::truncate, "1\n"},
                  FakeEventFiles::Write{"instances/mine/events/enable", WriteMode::truncate, "1\n"},
                  FakeEventFiles::Write{"instances/mine/events/irq/softirq_entry/enable", WriteMode::truncate, "0\n"},
                  FakeEventFiles::Write{"instances/mine/events/irq/softirq_exit/enable", WriteMode::truncate, "0\n"}));
}

TEST(TraceEvents, NamesTheNearestOfAnUnknownEvent) {
  TraceEvents events(make_files());
  try {
    (void)events.event("sched:sched_swich");
    FAIL() << "no Error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), std::errc::no_such_file_or_directory);
    EXPECT_EQ(error.path(), "sched:sched_swich");
    EXPECT_THAT(error.hint(), HasSubstr("sched:sched_switch"));
  }
  EXPECT_THROW(events.enable("nope:*"), Error);
  EXPECT_THROW((void)events.event("sched"), Error);
  EXPECT_THROW((void)events.event("../../etc"), Error);
}

TEST(TraceEvents, ReadsTheState) {
  const auto files = make_files();
  const TraceEvents events(files);
  const struct {
    const char* text;
    EventState expected;
  } cases[] = {{"0\n", EventState::off}, {"1\n", EventState::on}, {"X\n", EventState::some}, {"?\n", EventState::none}};
  for (const auto& c : cases) {
    files->texts["events/sched/enable"] = c.text;
    EXPECT_EQ(events.state("sched"), c.expected);
    files->texts["events/enable"] = c.text;
    EXPECT_EQ(events.state(), c.expected);
  }
  files->texts["set_event"] = "sched:sched_switch\nirq:softirq_exit\n";
  EXPECT_EQ(events.enabled().size(), 2U);
}

TEST(TraceEvent, ReadsItsFiles) {
  const auto files = make_files();
  const TraceEvents events(files);
  const TraceEvent event = events.event("sched:sched_switch");
  EXPECT_TRUE(event.exists());
  EXPECT_FALSE(events.event(EventName{"sched", "nope"}).exists());
  EXPECT_EQ(event.id(), 316U);
  EXPECT_EQ(event.format(), "name: it\n");
  for (const auto& [text, on] : {std::pair{"0\n", false}, {"1\n", true}, {"1*\n", true}, {"0*\n", false}}) {
    files->texts["events/sched/sched_switch/enable"] = text;
    EXPECT_EQ(event.enabled(), on) << text;
  }
  files->texts["events/sched/sched_switch/id"] = "no number";
  EXPECT_THROW((void)event.id(), Error);
  EXPECT_TRUE(event.read_hist().tables.empty());
  files->texts.erase("events/sched/sched_switch/hist");
  EXPECT_THROW((void)event.read_hist(), UnsupportedError);
}

TEST(TraceEvent, ReadsFilters) {
  const auto files = make_files();
  const TraceEvent event = TraceEvents(files).event("sched:sched_switch");
  const struct {
    const char* text;
    std::optional<std::string> expected;
  } cases[] = {
      {"none\n", std::nullopt},
      {"prev_pid == 1\n", "prev_pid == 1"},
      {"nosuch == 1\n       ^\nparse_error: Field not found\n\n", std::nullopt},
  };
  for (const auto& c : cases) {
    files->texts["events/sched/sched_switch/filter"] = c.text;
    EXPECT_EQ(event.filter(), c.expected) << c.text;
  }
}

TEST(TraceEvent, ARejectedFilterTellsWhyAndLeavesTheOldOne) {
  const auto files = make_files();
  const std::string path = "instances/mine/events/sched/sched_switch/filter";
  files->texts[path] = "prev_pid == 1\n";
  // As the kernel does it: the rejected one stands in the file from then on, and nothing is filtered.
  files->verdict = [&](const FakeEventFiles::Write& write) {
    if (write.text != "nosuch == 1\n")
      return 0;
    files->texts[path] = "nosuch == 1\n       ^\nparse_error: Field not found\n";
    files->texts["instances/mine/error_log"] =
        "[   29.833308] event filter parse error: error: Field not found\n"
        "  Command: nosuch == 1\n"
        "           ^\n";
    return EINVAL;
  };
  TraceEvent event = TraceEvents(files, "instances/mine/").event("sched:sched_switch");
  try {
    event.set_filter("nosuch == 1");
    FAIL() << "no Error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), std::errc::invalid_argument);
    EXPECT_EQ(error.path(), "/fake/" + path);
    EXPECT_EQ(error.hint(), "event filter parse error: Field not found\n  nosuch == 1\n  ^");
  }
  EXPECT_EQ(event.filter(), "prev_pid == 1");

  event.set_filter("prev_prio < 100");
  EXPECT_EQ(event.filter(), "prev_prio < 100");
  event.clear_filter();
  EXPECT_EQ(files->writes.back(), (FakeEventFiles::Write{path, WriteMode::truncate, "0\n"}));
  EXPECT_THROW(event.set_filter("  "), Error);
}

TEST(TraceEvents, ARejectedSystemFilterLeavesTheOldOnes) {
  const auto files = make_files();
  files->texts["events/sched/sched_switch/filter"] = "prev_pid == 1\n";
  files->verdict = [&](const FakeEventFiles::Write& write) { return write.text == "pid ==\n" ? EINVAL : 0; };
  TraceEvents events(files);
  EXPECT_THROW(events.set_system_filter("sched", "pid =="), Error);
  EXPECT_THAT(files->written_to("events/sched/sched_switch/filter"), ElementsAre("prev_pid == 1\n"));
  EXPECT_THAT(files->written_to("events/sched/sched_waking/filter"), IsEmpty());
  EXPECT_THAT(files->written_to("events/sched/filter"), ElementsAre("pid ==\n", "0\n"));
  EXPECT_THROW(events.set_system_filter("sched", ""), Error);
  // A kernel takes this one, but none of the events does.
  files->verdict = [&](const FakeEventFiles::Write& write) {
    if (write.text == "nope == 1\n")
      files->texts["events/sched/sched_switch/filter"] = "nope == 1\n^\nparse_error: Couldn't find or set field\n";
    return 0;
  };
  EXPECT_THROW(events.set_system_filter("sched", "nope == 1"), Error);
  EXPECT_EQ(files->texts["events/sched/sched_switch/filter"], "prev_pid == 1\n");
  events.set_system_filter("sched", "pid == 1");
  events.clear_system_filter("sched");
  EXPECT_EQ(files->writes.back().text, "0\n");
}

TEST(TraceEvent, NeverTruncatesTriggersUnlessAllShallGo) {
  const auto files = make_files();
  files->keeps_writes = false;
  const std::string path = "events/sched/sched_switch/trigger";
  TraceEvent event = TraceEvents(files).event("sched:sched_switch");
  event.add_trigger("stacktrace:3 if prev_pid == 1");
  event.remove_trigger("stacktrace:3 if prev_pid == 1");
  event.remove_trigger({.command = "enable_event", .argument = "irq:softirq_exit", .count = 2, .filter = {}});
  EXPECT_THAT(files->writes,
              ElementsAre(FakeEventFiles::Write{path, WriteMode::append, "stacktrace:3 if prev_pid == 1\n"},
                          FakeEventFiles::Write{path, WriteMode::append, "!stacktrace:3 if prev_pid == 1\n"},
                          FakeEventFiles::Write{path, WriteMode::append, "!enable_event:irq:softirq_exit:2\n"}));

  files->writes.clear();
  files->texts[path] = "stacktrace:unlimited\n";
  event.clear_triggers();
  EXPECT_THAT(files->writes, ElementsAre(FakeEventFiles::Write{path, WriteMode::truncate, ""},
                                         FakeEventFiles::Write{path, WriteMode::append, "!stacktrace\n"}));
}

TEST(TraceEvent, ARejectedTriggerTellsWhy) {
  const auto files = make_files();
  files->verdict = [&](const FakeEventFiles::Write&) {
    // The kernel's command is shorter than what was written.
    files->texts["error_log"] =
        "[   14.323953] hist:kmem:kmalloc: error: something old\n"
        "  Command: hist:keys=old\n"
        "                ^\n"
        "[   15.755065] hist:sched:sched_switch: error: Couldn't find field\n"
        "  Command: hist:keys=nope\n"
        "                     ^\n";
    return EINVAL;
  };
  TraceEvent event = TraceEvents(files).event("sched:sched_switch");
  try {
    event.add_trigger("hist:keys=nope if prev_pid == 1");
    FAIL() << "no Error";
  } catch (const Error& error) {
    EXPECT_EQ(error.hint(), "hist:sched:sched_switch: Couldn't find field\n  hist:keys=nope\n            ^");
  }
  // Nothing about this one: the Error stays as it was.
  try {
    event.add_trigger("traceof");
    FAIL() << "no Error";
  } catch (const Error& error) {
    EXPECT_THAT(error.hint(), Not(HasSubstr("hist")));
  }
}

}  // namespace
}  // namespace fathom
