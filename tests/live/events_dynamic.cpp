#include "events_support.hpp"

#include <fathom/tracefs/histogram.hpp>

#include <gmock/gmock.h>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>

// What the uprobes are put on; known by name so that no compiler merges or drops it.
extern "C" __attribute__((noinline, used)) int fathom_live_events_target(int value) {
  asm volatile("" : "+r"(value));
  return value + 1;
}

namespace fathom::live {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class LiveDynamicEvents : public EventsTest {};

struct Place {
  std::string path;
  std::uint64_t offset;
};

// 55d0c8a00000-55d0c8a21000 r-xp 00021000 fd:01 1234    /path/of/program
Place place_of(const void* address) {
  const auto wanted = reinterpret_cast<std::uint64_t>(address);
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::uint64_t offset = 0;
    const char* const last = line.data() + line.size();
    const auto dash = std::from_chars(line.data(), last, begin, 16).ptr;
    const auto blank = std::from_chars(dash + 1, last, end, 16).ptr;
    std::from_chars(blank + std::string_view(" r-xp ").size(), last, offset, 16);
    if (wanted >= begin && wanted < end)
      return {line.substr(line.find('/')), wanted - begin + offset};
  }
  throw Error(ENOENT, "find the function in", "/proc/self/maps");
}

// Defines, or says why it cannot be done on this kernel.
template <typename Probe>
std::optional<DynamicEvent> define(const DynamicEvents& dynamic, const Probe& probe, std::string& why_not) {
  try {
    return dynamic.define(probe);
  } catch (const Error& error) {
    const auto reason = why_not_here(error);
    if (!reason)
      throw;
    why_not = *reason;
    return std::nullopt;
  }
}

TEST_F(LiveDynamicEvents, OfKernelFunctionsAreRecordedInAnInstance) {
  const DynamicEvents dynamic(tracefs.files());
  std::string why_not;
  auto entry = define(dynamic, Kprobe{.place = "do_sys_openat2", .arguments = {"name=+0($arg2):ustring"}}, why_not);
  if (!entry)
    GTEST_SKIP() << why_not;
  auto back = define(dynamic, Kretprobe{.function = "do_sys_openat2", .arguments = {"fd=$retval:s64"}, .event = "back"},
                     why_not);
  EXPECT_THAT(events->list(), Contains(entry->name()));
  run({"cat", "/proc/self/comm"}, [&](int pid) {
    for (const DynamicEvent* event : {&*entry, &*back}) {
      event->in(*instance).set_filter(of_pid(pid));
      event->in(*instance).enable();
    }
  });
  const std::string text = instance->read_trace();
  EXPECT_THAT(text, HasSubstr("do_sys_openat2: (do_sys_openat2+0x"));
  EXPECT_THAT(text, HasSubstr("name=\"/proc/self/comm\""));
  EXPECT_THAT(text, HasSubstr("back: ("));
  EXPECT_EQ(count(text, " do_sys_openat2: ("), count(text, " back: ("));

  // Still on: it switches itself off.
  const EventName name = entry->name();
  entry->remove();
  back.reset();
  EXPECT_THAT(dynamic_events(), Not(HasSubstr(dynamic.group())));
  EXPECT_FALSE(events->event(name).exists());
}

TEST_F(LiveDynamicEvents, OfFtraceKnowTypes) {
  const DynamicEvents dynamic(tracefs.files());
  if (!dynamic.knows(DynamicEventType::fprobe)) {
    EXPECT_THROW((void)dynamic.define(Fprobe{.function = "vfs_read"}), UnsupportedError);
    EXPECT_THROW((void)dynamic.define(Tprobe{.tracepoint = "sched_switch"}), UnsupportedError);
    return;
  }
  std::string why_not;
  auto entry = define(dynamic, Fprobe{.function = "vfs_read", .arguments = {"count=count"}}, why_not);
  if (!entry)
    GTEST_SKIP() << why_not;
  auto back = dynamic.define(
      Fprobe{.function = "vfs_read", .on_return = true, .arguments = {"got=$retval"}, .event = "vfs_read_back"});
  auto exec = dynamic.define(Tprobe{.tracepoint = "sched_process_exec", .arguments = {"pid=old_pid"}});
  run({"cat", "/proc/self/comm"}, [&](int pid) {
    for (const DynamicEvent* event : {&*entry, &back, &exec}) {
      event->in(*instance).set_filter(of_pid(pid));
      event->in(*instance).enable();
    }
  });
  const std::string text = instance->read_trace();
  EXPECT_THAT(text, HasSubstr("vfs_read: (vfs_read+0x"));
  EXPECT_THAT(text, HasSubstr("count="));
  EXPECT_THAT(text, HasSubstr("got=4"));
  EXPECT_EQ(count(text, " sched_process_exec: ("), 1U) << text;
}

TEST_F(LiveDynamicEvents, OfAProgramAreRecorded) {
  const DynamicEvents dynamic(tracefs.files());
  const Place place = place_of(reinterpret_cast<const void*>(&fathom_live_events_target));
  std::string why_not;
  auto entry = define(dynamic, Uprobe{.path = place.path, .offset = place.offset, .event = "target"}, why_not);
  if (!entry)
    GTEST_SKIP() << why_not;
  auto back = define(
      dynamic, Uretprobe{.path = place.path, .offset = place.offset, .arguments = {"got=$retval:s32"}, .event = "back"},
      why_not);
  for (const DynamicEvent* event : {&*entry, &*back}) {
    event->in(*instance).set_filter(of_pid(::getpid()));
    event->in(*instance).enable();
  }
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(fathom_live_events_target(41), 42);
  const std::string text = instance->read_trace();
  EXPECT_EQ(count(text, " target: (0x"), 3U) << text;
  EXPECT_EQ(count(text, "got=42"), 3U) << text;
}

TEST_F(LiveDynamicEvents, ShowOtherFieldsOfAnEvent) {
  const DynamicEvents dynamic(tracefs.files());
  std::string why_not;
  auto event = define(
      dynamic,
      EventProbe{.attached = {"sched", "sched_process_exec"}, .arguments = {"who=$old_pid:u32"}, .event = "exec"},
      why_not);
  if (!event)
    GTEST_SKIP() << why_not;
  int traced = 0;
  run({"true"}, [&](int pid) {
    traced = pid;
    event->in(*instance).set_filter("who == " + std::to_string(pid));
    event->in(*instance).enable();
  });
  const std::string text = instance->read_trace();
  EXPECT_EQ(count(text, " exec: (sched.sched_process_exec) who=" + std::to_string(traced)), 1U) << text;
}

// Expects that the definition is refused with a complaint that quotes `what`, or says why it cannot be tried here.
template <typename Probe>
void expect_complaint(const DynamicEvents& dynamic, const Probe& probe, const char* what, std::string& why_not) {
  try {
    (void)dynamic.define(probe);
    ADD_FAILURE() << "no Error about " << what;
  } catch (const Error& error) {
    if (const auto reason = why_not_here(error)) {
      why_not = *reason;
      return;
    }
    EXPECT_THAT(error.hint(), HasSubstr(what)) << error.what();
    EXPECT_THAT(error.hint(), HasSubstr("^")) << error.what();
  }
}

TEST_F(LiveDynamicEvents, TellWhatIsWrongWithThem) {
  const DynamicEvents dynamic(tracefs.files());
  std::string why_not;
  expect_complaint(dynamic, Uprobe{.path = "/nonexistent", .offset = 16}, "/nonexistent", why_not);
  expect_complaint(dynamic, Uprobe{.path = "/bin/sh", .offset = 16, .arguments = {"$nope"}}, "$nope", why_not);
  expect_complaint(dynamic,
                   EventProbe{.attached = {"sched", "sched_process_exec"}, .arguments = {"who=$nope"}, .event = "e"},
                   "who=$nope", why_not);
  expect_complaint(dynamic, SyntheticEvent{"bad", {{"nope", "us"}}}, "nope us", why_not);
  expect_complaint(dynamic, Kprobe{.place = "fathom_no_such_function"}, "fathom_no_such_function", why_not);
  expect_complaint(dynamic, Kprobe{.place = "vfs_read", .arguments = {"$nope"}}, "$nope", why_not);
  if (!why_not.empty())
    GTEST_SKIP() << "in part: " << why_not;
}

TEST_F(LiveDynamicEvents, HaveOneDefinitionAName) {
  const DynamicEvents dynamic(tracefs.files());
  std::string why_not;
  const auto first = define(dynamic, Uprobe{.path = "/bin/sh", .offset = 16, .event = "same"}, why_not);
  if (!first)
    GTEST_SKIP() << why_not;
  EXPECT_THROW((void)dynamic.define(Uprobe{.path = "/bin/sh", .offset = 16, .event = "same"}), Error);
  EXPECT_EQ(count(dynamic_events(), dynamic.group()), 1U);
}

TEST_F(LiveDynamicEvents, TakeTheirTriggersAlong) {
  const DynamicEvents dynamic(tracefs.files());
  const Place place = place_of(reinterpret_cast<const void*>(&fathom_live_events_target));
  std::string why_not;
  auto event = define(dynamic, Uprobe{.path = place.path, .offset = place.offset, .event = "target"}, why_not);
  if (!event)
    GTEST_SKIP() << why_not;
  TraceEvent inside = event->in(*instance);
  inside.add_trigger("traceoff:5 if common_pid == 1");
  if (!inside.has_hist()) {
    event->remove();
    EXPECT_FALSE(inside.exists());
    return;
  }
  Histogram histogram(
      inside,
      {.keys = {{"common_pid", HistModifier::hex}}, .sort = {{"common_pid", true}}, .filter = of_pid(::getpid())});
  EXPECT_EQ(fathom_live_events_target(1), 2);
  EXPECT_EQ(fathom_live_events_target(2), 3);
  const HistTable table = histogram.read();
  ASSERT_EQ(table.entries.size(), 1U);
  EXPECT_EQ(table.entries[0].keys[0].number, static_cast<std::uint64_t>(::getpid()));
  EXPECT_EQ(table.entries[0].hitcount(), 2U);
  event->remove();
  EXPECT_THROW((void)histogram.read(), Error);
  histogram.remove();
}

// What a process does that is to be killed: defines events, one with a trigger, tells its group, and waits.
[[noreturn]] void leave_events_behind(const std::shared_ptr<TraceFiles>& files, int tell) {
  try {
    const DynamicEvents dynamic(files);
    const DynamicEvent probe = dynamic.define(Uprobe{.path = "/bin/sh", .offset = 16, .event = "left"});
    probe.event().add_trigger("traceoff:1 if common_pid == 1");
    std::optional<DynamicEvent> synthetic;
    if (dynamic.knows(DynamicEventType::synthetic))
      synthetic = dynamic.define(SyntheticEvent{"left_too", {{"u64", "us"}}});
    if (::write(tell, dynamic.group().c_str(), dynamic.group().size()) < 0)
      ::_exit(1);
    ::close(tell);
    for (;;)
      ::pause();
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    ::_exit(1);
  }
}

TEST_F(LiveDynamicEvents, OfAKilledProcessAreRemovedByTheNext) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const int pid = ::fork();
  ASSERT_GE(pid, 0);
  if (pid == 0)
    leave_events_behind(tracefs.files(), writer.release());
  writer.reset();
  std::array<char, 256> text{};
  const ssize_t size = ::read(reader.get(), text.data(), text.size());
  reader.reset();
  const std::string group(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  const std::size_t left = DynamicEvents(tracefs.files()).knows(DynamicEventType::synthetic) ? 2 : 1;

  // As long as it lives, its events are its own business.
  EXPECT_THAT(stale_dynamic_events(*tracefs.files()), IsEmpty());
  EXPECT_EQ(parse_dynamic_events(dynamic_events()).size(), left);
  ASSERT_EQ(::kill(pid, SIGKILL), 0);
  ASSERT_EQ(::waitpid(pid, nullptr, 0), pid);
  ASSERT_GT(size, 0);
  EXPECT_EQ(stale_dynamic_events(*tracefs.files()).size(), left);
  EXPECT_EQ(remove_stale_dynamic_events(tracefs.files()).size(), left);
  EXPECT_EQ(count(dynamic_events(), group), 0U);
}

}  // namespace
}  // namespace fathom::live
