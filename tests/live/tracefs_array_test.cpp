// What needs no function tracer, and so works on a locked-down kernel too: in an instance of its own.
#include "tracefs_support.hpp"

#include <fathom/base/error.hpp>
#include <fathom/tracefs/trace_fs.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <array>

namespace fathom::live {
namespace {

using testing::HasSubstr;

class TracefsArray : public testing::Test {
 protected:
  TraceFs tracefs_;
  TraceInstance instance_{tracefs_.instance()};
};

TEST_F(TracefsArray, InstanceIsThereAndGoes) {
  const std::string name = instance_.name();
  EXPECT_THAT(tracefs_.instances(), testing::Contains(name));
  EXPECT_TRUE(instance_.has_tracer(Tracer::nop));
  EXPECT_FALSE(instance_.has("saved_cmdlines"));
  EXPECT_FALSE(instance_.has("tracing_thresh"));
  TraceInstance moved = std::move(instance_);
  EXPECT_EQ(moved.name(), name);
  moved.remove();
  EXPECT_THAT(tracefs_.instances(), testing::Not(testing::Contains(name)));
}

TEST_F(TracefsArray, InstancesOfLiveProcessesStay) {
  EXPECT_THAT(remove_stale_instances(tracefs_.files()), testing::IsEmpty());
  EXPECT_THAT(tracefs_.instances(), testing::Contains(instance_.name()));
}

TEST_F(TracefsArray, MarkersAreReadBackAndClearedInOneCall) {
  instance_.set_tracing_on(true);
  instance_.write_marker("fathom marks this");
  const std::array<std::byte, 3> data{std::byte{1}, std::byte{2}, std::byte{3}};
  instance_.write_raw_marker(0xf00, data);
  EXPECT_THAT(instance_.read_trace(), testing::AllOf(HasSubstr("fathom marks this"), HasSubstr("# f00 buf: 01 02 03")));
  instance_.clear();
  EXPECT_THAT(instance_.read_trace(), testing::Not(HasSubstr("fathom marks this")));
}

TEST_F(TracefsArray, SwitchedOffItRecordsNothing) {
  instance_.set_tracing_on(false);
  EXPECT_FALSE(instance_.tracing_on());
  EXPECT_THROW(instance_.write_marker("unheard"), Error);
  EXPECT_THAT(instance_.read_trace(), testing::Not(HasSubstr("unheard")));
}

TEST_F(TracefsArray, EachClockThatThereIsCanBeSet) {
  const TraceClockChoice choice = instance_.trace_clocks();
  ASSERT_GE(choice.available.size(), 8U);
  for (const std::string& clock : choice.available) {
    instance_.set_trace_clock(clock);
    EXPECT_EQ(instance_.trace_clocks().current, clock);
  }
  EXPECT_EQ(instance_.trace_clock(), parse_trace_clock(choice.available.back()));
  try {
    instance_.set_trace_clock("sundial");
    FAIL();
  } catch (const UnsupportedError& error) {
    EXPECT_THAT(error.what(), HasSubstr("mono_raw"));
  }
}

TEST_F(TracefsArray, BufferSizesAreForAllCpusOrForOne) {
  instance_.set_buffer_size_kb(128);
  const std::uint64_t size = instance_.buffer_size_kb().value();
  EXPECT_GE(size, 128U);
  const std::vector<unsigned> cpus = instance_.cpus().cpus();
  EXPECT_EQ(instance_.buffer_total_size_kb(), size * cpus.size());
  instance_.set_buffer_size_kb(cpus.front(), 256);
  EXPECT_GE(instance_.buffer_size_kb(cpus.front()), 256U);
  EXPECT_EQ(instance_.buffer_size_kb().has_value(), cpus.size() == 1);
}

TEST_F(TracefsArray, OptionsOfTheBufferAreItsOwn) {
  const auto of_top_level = tracefs_.option("overwrite");
  instance_.set_option("overwrite", false);
  EXPECT_EQ(instance_.option("overwrite"), false);
  EXPECT_EQ(tracefs_.option("overwrite"), of_top_level);
  EXPECT_THAT(instance_.options(), testing::Contains(TraceOption{"overwrite", false}));
  EXPECT_EQ(instance_.option("there-is-no-such-option"), std::nullopt);
  EXPECT_THROW(instance_.set_option("there-is-no-such-option", true), UnsupportedError);
}

TEST_F(TracefsArray, CpumaskAndEventPidsReadAsWritten) {
  const CpuSet all = instance_.cpumask();
  instance_.set_cpumask(CpuSet{0});
  EXPECT_EQ(instance_.cpumask(), CpuSet{0});
  instance_.set_cpumask(all);
  EXPECT_EQ(instance_.cpumask(), all);
  instance_.event_pids().set({::getpid(), 1});
  instance_.event_pids().add(2);
  EXPECT_THAT(instance_.event_pids().list(), testing::ElementsAre(1, 2, ::getpid()));
  instance_.event_pids().clear();
  EXPECT_THAT(instance_.event_pids().list(), testing::IsEmpty());
}

TEST_F(TracefsArray, StatsCountWhatWasRecorded) {
  instance_.set_tracing_on(true);
  for (int i = 0; i < 10; ++i)
    instance_.write_marker("one of ten");
  std::uint64_t entries = 0;
  for (const unsigned cpu : instance_.cpus().cpus())
    entries += instance_.stats(cpu).entries;
  EXPECT_EQ(entries, 10U);
}

TEST_F(TracefsArray, AnOverflowIsCounted) {
  instance_.set_buffer_size_kb(4);
  instance_.set_tracing_on(true);
  for (int i = 0; i < 2000; ++i)
    instance_.write_marker("this is more than the buffer holds, so some of it is lost");
  std::uint64_t lost = 0;
  for (const unsigned cpu : instance_.cpus().cpus())
    lost += instance_.stats(cpu).lost();
  EXPECT_GT(lost, 0U);
}

TEST_F(TracefsArray, ARejectedEventFilterIsExplainedByTheErrorLog) {
  const std::string filter = "no_such_field == 1";
  EXPECT_THROW(instance_.files()->write(instance_.path("events/sched/sched_switch/filter"), filter), Error);
  const auto entry = find_error(instance_.error_log(), filter);
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->message, "Field not found");
  EXPECT_TRUE(entry->caret);
  instance_.clear_error_log();
  EXPECT_THAT(instance_.error_log(), testing::IsEmpty());
}

TEST_F(TracefsArray, ASnapshotIsTakenReadAndReleased) {
  if (!instance_.has("snapshot"))
    GTEST_SKIP() << "this kernel has no CONFIG_TRACER_SNAPSHOT";
  Snapshot snapshot = instance_.snapshot();
  EXPECT_FALSE(snapshot.allocated());
  snapshot.allocate();
  EXPECT_TRUE(snapshot.allocated());
  instance_.set_tracing_on(true);
  instance_.write_marker("before the snapshot");
  snapshot.take();
  instance_.write_marker("after the snapshot");
  EXPECT_THAT(snapshot.read(), testing::AllOf(HasSubstr("before the"), testing::Not(HasSubstr("after the"))));
  snapshot.clear();
  EXPECT_THAT(snapshot.read(), testing::Not(HasSubstr("before the")));
  snapshot.release();
  EXPECT_FALSE(snapshot.allocated());
}

TEST_F(TracefsArray, TracePipeGivesWhatThereIsAndThenNothing) {
  instance_.set_tracing_on(true);
  instance_.write_marker("through the pipe");
  const auto pipe = instance_.open_trace_pipe();
  std::string buffer(4096, '\0');
  const auto size = pipe->read(buffer);
  ASSERT_TRUE(size);
  EXPECT_THAT(buffer.substr(0, *size), HasSubstr("through the pipe"));
  EXPECT_EQ(pipe->read(buffer), std::nullopt);
}

TEST_F(TracefsArray, ASessionWithoutATracerTakesAnInstance) {
  auto session = tracefs_.session({.pids = {::getpid()}, .follow_forks = true});
  EXPECT_TRUE(session.in_instance());
  EXPECT_EQ(session.array().option("event-fork"), true);
  session.array().files()->write(session.array().path("events/raw_syscalls/sys_enter/enable"), "1\n");
  session.start();
  work();
  std::string text;
  session.stop();
  for (const std::string_view chunk : session.text())
    text += chunk;
  EXPECT_THAT(text, HasSubstr("sys_enter"));
}

TEST_F(TracefsArray, NamesOfTasksAreRemembered) {
  EXPECT_GT(tracefs_.saved_cmdlines_size(), 0U);
  static_cast<void>(tracefs_.saved_tgids());
  auto session = tracefs_.session({});
  session.array().files()->write(session.array().path("events/sched/sched_switch/enable"), "1\n");
  session.start();
  ::usleep(20000);
  work();
  ::usleep(20000);
  session.stop();
  EXPECT_THAT(tracefs_.saved_cmdlines(), testing::Contains(testing::Field(&SavedCmdline::pid, ::getpid())));
}

TEST_F(TracefsArray, WhatAnInstanceLacksIsUnsupportedThere) {
  try {
    auto session = tracefs_.session({.tracing_thresh = std::chrono::microseconds{1}, .place = SessionPlace::instance});
    FAIL();
  } catch (const UnsupportedError& error) {
    EXPECT_EQ(error.feature(), "tracing_thresh");
  }
}

}  // namespace
}  // namespace fathom::live
