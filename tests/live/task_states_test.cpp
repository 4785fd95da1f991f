// The states of this kernel's tasks: what a sleep tells of sched_switch, and threads that are parked.

#include "cpu_offline.hpp"
#include "taskstate_probe.hpp"
#include "taskstate_tasks.hpp"

#include <fathom/rawtrace/event_format.hpp>
#include <fathom/sched/prev_state_probe.hpp>
#include <fathom/tracefs/find_tracefs.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

namespace {

using fathom::EventFormat;
using fathom::PrevStateEncoding;
using fathom::ReportedTaskState;
using fathom::TaskState;
using taskstate_example::look_at_kernel_threads;
using taskstate_example::Seen;
using taskstate_example::sleep_once;

std::optional<EventFormat> switch_format() {
  std::ifstream in(fathom::find_tracefs().value_or("") + "/events/sched/sched_switch/format");
  return EventFormat::parse("sched", std::string{std::istreambuf_iterator<char>(in), {}});
}

TEST(TaskStatesLive, ASleepTellsTheEncoding) {
  const std::optional<EventFormat> format = switch_format();
  ASSERT_TRUE(format);
  std::vector<ReportedTaskState> reported;
  const auto sleep = [&] { return reported = sleep_once(*format); };
  // Linux 4.20 and later.
  EXPECT_EQ(fathom::probe_prev_state_encoding(sleep), PrevStateEncoding::bit);
  ASSERT_FALSE(reported.empty());
  // What the sources say of themselves is the same, and the sleep, which would say something else, is not asked.
  const auto wrong = [] { return std::vector{ReportedTaskState{2}}; };
  EXPECT_EQ(fathom::probed_task_states({.sched_switch = &*format}, wrong).encoding(), PrevStateEncoding::bit);
  // With what 4.18 leaves open, it is asked.
  constexpr const char* kUnclear = "4.18.0-80.el8.x86_64";
  const fathom::TaskStateDecoder states = fathom::probed_task_states({.release = kUnclear}, sleep);
  EXPECT_EQ(states.encoding(), PrevStateEncoding::bit);
  EXPECT_TRUE(std::ranges::any_of(reported, [&](const ReportedTaskState& one) {
    const auto meant = states.decode(one);
    return meant && meant->state == TaskState::interruptible;
  }));
}

TEST(TaskStatesHotplug, ThreadsOfACpuThatIsDownAreParked) {
  if (const auto why = fathom::live::why_no_hotplug())
    GTEST_SKIP() << *why;
  const fathom::live::CpuOffline down(1);
  const std::vector<Seen> threads = look_at_kernel_threads();
  const auto parked = std::ranges::find(threads, TaskState::parked, &Seen::state);
  ASSERT_NE(parked, threads.end());
  EXPECT_NE(parked->what.find("/1"), std::string::npos) << parked->what;
}

}  // namespace
