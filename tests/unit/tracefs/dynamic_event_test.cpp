#include "fake_event_files.hpp"

#include <fathom/tracefs/dynamic_event.hpp>
#include <fathom/tracefs/owner.hpp>
#include <fathom/tracefs/trace_array.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fathom {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

using enum DynamicEventType;

std::string data(const std::string& name) {
  std::ifstream file(std::filesystem::path(FATHOM_TEST_DATA) / "dynamic_events" / name);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A kernel that keeps a list of dynamic events, with their files at the top level and in one instance.
class FakeDynamicFiles {
 public:
  FakeDynamicFiles() {
    files->keeps_writes = false;
    files->texts["README"] = data("6.12.117+deb12-amd64/README");
    files->texts["dynamic_events"] = "";
    files->texts["error_log"] = "";
    files->texts["instances/mine/tracing_on"] = "1\n";
    files->verdict = [this](const FakeEventFiles::Write& write) { return take(write); };
  }

  [[nodiscard]] static std::string folder(const EventName& name) { return "events/" + name.system + '/' + name.event; }
  void define(const std::string& line) {
    files->texts["dynamic_events"] += line + '\n';
    for (const DynamicEventInfo& event : parse_dynamic_events(line)) {
      for (const std::string prefix : {"", "instances/mine/"}) {
        files->texts[prefix + folder(event.name) + "/enable"] = "0\n";
        files->texts[prefix + folder(event.name) + "/trigger"] = "# Available triggers:\n";
      }
    }
  }

  std::shared_ptr<FakeEventFiles> files = std::make_shared<FakeEventFiles>();
  int busy = 0;  // how many removals it still refuses

 private:
  int take(const FakeEventFiles::Write& write) {
    if (write.path != "dynamic_events")
      return 0;
    if (write.mode != WriteMode::append)
      return EPERM;
    std::string line = write.text.substr(0, write.text.find('\n'));
    if (!line.starts_with("-:")) {
      if (line.starts_with("s:"))
        line.insert(2, "synthetic/");
      define(line);
      return 0;
    }
    if (busy > 0) {
      --busy;
      return EBUSY;
    }
    std::string left;
    bool found = false;
    for (const DynamicEventInfo& event : parse_dynamic_events(files->texts["dynamic_events"])) {
      if ("-:" + event.name.system + '/' + event.name.event == line)
        found = true;
      else
        left += event.definition + '\n';
    }
    files->texts["dynamic_events"] = left;
    return found ? 0 : ENOENT;
  }
};

TEST(ParseDynamicEvents, ReadsWhatTheKernelsPrint) {
  const auto events = parse_dynamic_events(data("6.12.117+deb12-amd64/dynamic_events.txt"));
  std::string types;
  for (const DynamicEventInfo& event : events)
    types += event.type;
  EXPECT_EQ(types,
            "rrpreffte"
            "s");
  EXPECT_EQ(events.at(0),
            (DynamicEventInfo{'r', {"fathom_1_ab", "rv"}, "r10:fathom_1_ab/rv vfs_read ret=$retval:s64"}));
  EXPECT_EQ(events.back().name, (EventName{"synthetic", "fathom_lat"}));
  EXPECT_EQ(parse_dynamic_events(data("6.1.0-56-amd64/dynamic_events.txt")).size(), 7U);
  EXPECT_EQ(parse_dynamic_events(data("7.3.4+deb13-amd64/dynamic_events.txt")).size(), 10U);
  EXPECT_THAT(parse_dynamic_events("\nnonsense\n:x/y z\np vfs:read\np:onlyname x\n"), IsEmpty());
}

TEST(ParseDynamicEventTypes, ReadsEachKernelsReadme) {
  EXPECT_THAT(parse_dynamic_event_types(data("6.1.0-56-amd64/README")),
              UnorderedElementsAre(kprobe, kretprobe, uprobe, uretprobe, eprobe, synthetic));
  for (const char* kernel : {"6.12.117+deb12-amd64", "7.3.4+deb13-amd64"})
    EXPECT_THAT(parse_dynamic_event_types(data(std::string(kernel) + "/README")),
                UnorderedElementsAre(kprobe, kretprobe, uprobe, uretprobe, eprobe, synthetic, fprobe, tprobe));
  EXPECT_THAT(parse_dynamic_event_types("tracing mini-HOWTO:\n"), IsEmpty());
}

TEST(DynamicEvents, WritesWhatTheKernelReads) {
  const FakeDynamicFiles fake;
  const DynamicEvents dynamic(fake.files);
  const std::string group = dynamic.group();
  EXPECT_EQ(Owner::parse(group), Owner::current());
  const auto definition = [&](const auto& probe) { return dynamic.define(probe).definition(); };
  const struct {
    std::string got;
    std::string expected;
  } cases[] = {
      {definition(Kprobe{.place = "vfs_read"}), "p:" + group + "/vfs_read vfs_read"},
      {definition(Kprobe{.place = "ext4:ext4_sync_file+0x10", .arguments = {"$arg1", "n=$arg3:u64"}}),
       "p:" + group + "/ext4_ext4_sync_file_0x10 ext4:ext4_sync_file+0x10 $arg1 n=$arg3:u64"},
      {definition(Kprobe{.place = "0xffffffff81234567"}), "p:" + group + "/at_0xffffffff81234567 0xffffffff81234567"},
      {definition(Kretprobe{.function = "vfs_read", .arguments = {"$retval"}, .event = "done"}),
       "r:" + group + "/done vfs_read $retval"},
      {definition(Kretprobe{.function = "vfs_read", .maxactive = 8}), "r8:" + group + "/vfs_read vfs_read"},
      {definition(Uprobe{.path = "/bin/bash", .offset = 0x1000}), "p:" + group + "/bash_0x1000 /bin/bash:0x1000"},
      {definition(Uprobe{.path = "/usr/lib/libc.so.6", .offset = 16, .event = "sdt", .ref_ctr_offset = 32}),
       "p:" + group + "/sdt /usr/lib/libc.so.6:0x10(0x20)"},
      {definition(Uretprobe{.path = "/bin/bash", .offset = 0x1000, .arguments = {"$retval"}, .event = "back"}),
       "r:" + group + "/back /bin/bash:0x1000 $retval"},
      {definition(Fprobe{.function = "vfs_write", .event = "f1"}), "f:" + group + "/f1 vfs_write"},
      {definition(Fprobe{.function = "vfs_write", .on_return = true, .arguments = {"$retval"}, .event = "f2"}),
       "f:" + group + "/f2 vfs_write%return $retval"},
      {definition(Tprobe{.tracepoint = "sched_switch", .arguments = {"prev"}}),
       "t:" + group + "/sched_switch sched_switch prev"},
      {definition(EventProbe{.attached = {"sched", "sched_switch"},
                             .arguments = {"pid=$next_pid"},
                             .event = "e",
                             .filter = "next_pid != 0"}),
       "e:" + group + "/e sched.sched_switch pid=$next_pid if next_pid != 0"},
      {definition(SyntheticEvent{"latency", {{"u64", "us"}, {"char[16]", "comm"}}}),
       "s:" + group + "_latency u64 us; char[16] comm;"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(c.got, c.expected);
}

TEST(DynamicEvents, RefusesWhatTheKernelWouldMisread) {
  const FakeDynamicFiles fake;
  const DynamicEvents dynamic(fake.files);
  EXPECT_THROW((void)dynamic.define(Uprobe{.path = "/with a blank", .offset = 1}), Error);
  EXPECT_THROW((void)dynamic.define(Kprobe{.place = ""}), Error);
  EXPECT_THROW((void)dynamic.define(Kprobe{.place = "vfs_read", .arguments = {"#$arg1"}}), Error);
  EXPECT_THROW((void)dynamic.define(Kprobe{.place = "vfs_read", .event = "a/b"}), Error);
  EXPECT_THROW((void)dynamic.define(Kprobe{.place = "vfs_read", .event = "1st"}), Error);
  EXPECT_THROW((void)dynamic.define(SyntheticEvent{std::string(64, 'x'), {{"u64", "us"}}}), Error);
  EXPECT_THAT(fake.files->writes, IsEmpty());
}

TEST(DynamicEvents, SaysWhichKindTheKernelDoesNotKnow) {
  const FakeDynamicFiles fake;
  fake.files->texts["README"] = data("6.1.0-56-amd64/README");
  const DynamicEvents dynamic(fake.files);
  EXPECT_FALSE(dynamic.knows(fprobe));
  EXPECT_TRUE(dynamic.knows(kprobe));
  try {
    (void)dynamic.define(Fprobe{.function = "vfs_read"});
    FAIL() << "no Error";
  } catch (const UnsupportedError& error) {
    EXPECT_EQ(error.feature(), "fprobe events");
  }
  fake.files->texts["README"] = "";
  EXPECT_THROW((void)DynamicEvents(fake.files).define(SyntheticEvent{"x", {{"u64", "us"}}}), UnsupportedError);
  EXPECT_THAT(fake.files->writes, IsEmpty());
}

TEST(DynamicEvents, TellsTheKernelsComplaint) {
  FakeDynamicFiles fake;
  const DynamicEvents dynamic(fake.files);
  fake.files->verdict = [&](const FakeEventFiles::Write& write) {
    const std::string line = write.text.substr(0, write.text.size() - 1);
    fake.files->texts["error_log"] =
        "[   12.345678] trace_kprobe: error: Unknown symbol\n  Command: " + line + "\n           ^\n";
    return EINVAL;
  };
  try {
    (void)dynamic.define(Kprobe{.place = "vfs_nope", .event = "x"});
    FAIL() << "no Error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), std::errc::invalid_argument);
    EXPECT_EQ(error.path(), "/fake/dynamic_events");
    EXPECT_EQ(error.hint(), "trace_kprobe: Unknown symbol\n  p:" + dynamic.group() + "/x vfs_nope\n  ^");
  }
}

TEST(DynamicEvent, SwitchesOffEverywhereAndRemovesItself) {
  FakeDynamicFiles fake;
  fake.define("p:theirs/open do_sys_open");
  {
    const DynamicEvents dynamic(fake.files);
    DynamicEvent first = dynamic.define(Kprobe{.place = "vfs_read"});
    const EventName name = first.name();
    EXPECT_EQ(name, (EventName{dynamic.group(), "vfs_read"}));
    fake.files->texts["instances/mine/" + FakeDynamicFiles::folder(name) + "/trigger"] = "stacktrace:unlimited\n";
    fake.busy = 2;
    DynamicEvent moved = std::move(first);
    fake.files->writes.clear();
    moved.remove();
    const std::string folder = FakeDynamicFiles::folder(name);
    const std::string removal = "-:" + name.system + "/vfs_read\n";
    EXPECT_THAT(
        fake.files->writes,
        ElementsAre(FakeEventFiles::Write{folder + "/trigger", WriteMode::truncate, ""},
                    FakeEventFiles::Write{folder + "/enable", WriteMode::truncate, "0\n"},
                    FakeEventFiles::Write{"instances/mine/" + folder + "/trigger", WriteMode::truncate, ""},
                    FakeEventFiles::Write{"instances/mine/" + folder + "/trigger", WriteMode::append, "!stacktrace\n"},
                    FakeEventFiles::Write{"instances/mine/" + folder + "/enable", WriteMode::truncate, "0\n"},
                    FakeEventFiles::Write{"dynamic_events", WriteMode::append, removal},
                    FakeEventFiles::Write{"dynamic_events", WriteMode::append, removal},
                    FakeEventFiles::Write{"dynamic_events", WriteMode::append, removal}));
    fake.files->writes.clear();
    moved.remove();  // once more does nothing
    EXPECT_THAT(fake.files->writes, IsEmpty());

    DynamicEvent second = dynamic.define(Kprobe{.place = "vfs_write"});
    second = dynamic.define(Kprobe{.place = "vfs_open"});
    EXPECT_EQ(parse_dynamic_events(fake.files->texts["dynamic_events"]).size(), 2U);
  }
  EXPECT_EQ(fake.files->texts["dynamic_events"], "p:theirs/open do_sys_open\n");
}

TEST(DynamicEvent, SaysThatItIsInUse) {
  FakeDynamicFiles fake;
  const DynamicEvents dynamic(fake.files);
  DynamicEvent event = dynamic.define(Kprobe{.place = "vfs_read"});
  fake.busy = 1'000'000;
  try {
    event.remove();
    FAIL() << "no Error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), std::errc::device_or_resource_busy);
    EXPECT_THAT(error.what(), HasSubstr(event.name().str()));
    EXPECT_THAT(error.hint(), HasSubstr("perf"));
  }
  fake.busy = 0;
  event.remove();
  EXPECT_EQ(fake.files->texts["dynamic_events"], "");
}

TEST(DynamicEvent, IsAnEventOfAnyBuffer) {
  FakeDynamicFiles fake;
  const DynamicEvents dynamic(fake.files);
  const DynamicEvent event = dynamic.define(Kprobe{.place = "vfs_read"});
  EXPECT_TRUE(event.event().exists());
  const TraceEvent inside = event.in(TraceArray(fake.files, "instances/mine/"));
  EXPECT_TRUE(inside.exists());
  EXPECT_EQ(inside.prefix(), "instances/mine/");
}

TEST(StaleDynamicEvents, AreThoseOfTheDead) {
  FakeDynamicFiles fake;
  Owner dead = Owner::current();
  ++dead.start_time;  // the same number, but another process
  const std::string dead_group = dead.unique_name();
  const std::string live_group = Owner::current().unique_name();
  fake.define("p:" + dead_group + "/open do_sys_open");
  fake.define("p:" + live_group + "/open do_sys_open");
  fake.define("p:theirs/open do_sys_open");
  fake.define("s:synthetic/" + dead_group + "_wakeup_latency\tu64 us");
  fake.define("s:synthetic/" + live_group + "_wakeup_latency\tu64 us");
  fake.define("s:synthetic/fathom_lat\tu64 us");
  fake.define("e:" + dead_group + "/copy " + dead_group + ".open");

  const auto stale = stale_dynamic_events(*fake.files);
  ASSERT_EQ(stale.size(), 3U);
  EXPECT_EQ(stale[0].name, (EventName{dead_group, "open"}));
  EXPECT_EQ(stale[1].name, (EventName{"synthetic", dead_group + "_wakeup_latency"}));

  const auto removed = remove_stale_dynamic_events(fake.files);
  // What was defined last may hold what was defined first.
  EXPECT_THAT(removed,
              ElementsAre(EventName{dead_group, "copy"}, EventName{"synthetic", dead_group + "_wakeup_latency"},
                          EventName{dead_group, "open"}));
  EXPECT_EQ(parse_dynamic_events(fake.files->texts["dynamic_events"]).size(), 4U);
  EXPECT_THAT(remove_stale_dynamic_events(fake.files), IsEmpty());

  fake.files->texts.erase("dynamic_events");
  EXPECT_THAT(stale_dynamic_events(*fake.files), IsEmpty());
}

}  // namespace
}  // namespace fathom
