// The promise of this library: whatever it did, each setting reads as it did before.
#include "tracefs_support.hpp"

#include <fathom/base/cpu_set.hpp>
#include <fathom/base/error.hpp>
#include <fathom/process/child.hpp>
#include <fathom/process/stop_signals.hpp>
#include <fathom/tracefs/trace_fs.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <stdexcept>

namespace fathom::live {
namespace {

class TracefsSettings : public testing::Test {
 protected:
  void SetUp() override {
    const std::string refused = function_tracers_refused(tracefs_);
    if (!refused.empty() && !in_vm())
      GTEST_SKIP() << refused;
    ASSERT_EQ(refused, "");
    before_ = read_settings(tracefs_, walk_);
  }
  void TearDown() override {
    if (IsSkipped())
      return;
    EXPECT_EQ(difference(before_, read_settings(tracefs_, walk_)), "");
    EXPECT_FALSE(std::filesystem::exists("/run/fathom"));
  }

  TraceFs tracefs_;
  Walk walk_ = Walk::without_events;
  std::map<std::string, std::string> before_;
};

class TracefsWholeTree : public TracefsSettings {
 protected:
  TracefsWholeTree() { walk_ = Walk::all; }
};

// Everything at once, so that everything has to be put back.
SessionOptions everything(int pid) {
  return {.tracer = Tracer::function_graph,
          .pids = {pid},
          .follow_forks = true,
          .functions = {"vfs_*", "ksys_*"},
          .notrace = {"vfs_write"},
          .graph_functions = {"vfs_read", "vfs_open"},
          .graph_notrace = {"vfs_statx"},
          .max_depth = 4,
          .tracing_thresh = std::chrono::microseconds{1},
          .options = {{"funcgraph-tail", true}, {"sleep-time", false}, {"sym-offset", true}},
          .buffer_size_kb = 512,
          .clock = TraceClock::mono,
          .cpus = CpuSet{0}};
}

// A top level that somebody uses already, in every way that reads differently from how it is written.
class SomebodysSettings {
 public:
  explicit SomebodysSettings(TraceFs& tracefs) : tracefs_(tracefs), clock_(tracefs.trace_clocks().current) {
    tracefs_.set_tracing_on(false);
    tracefs_.ftrace_filter().set({"vfs_open", "vfs_write", "schedule"});
    tracefs_.ftrace_filter().add("schedule:traceoff:3");
    tracefs_.ftrace_filter().add("vfs_fsync:stacktrace");
    tracefs_.ftrace_filter().add("*:mod:there_is_no_such_module");
    tracefs_.ftrace_notrace().set({"vfs_write"});
    tracefs_.graph_function().set({"vfs_fallocate", "vfs_fsync"});
    tracefs_.graph_notrace().set({"vfs_statx"});
    tracefs_.ftrace_pids().set({1, 99999});
    tracefs_.event_pids().set({1, 2});
    tracefs_.set_max_graph_depth(7);
    tracefs_.set_tracing_thresh(std::chrono::microseconds{5});
    tracefs_.set_trace_clock(TraceClock::boot);
    tracefs_.set_buffer_size_kb(0, 256);
    tracefs_.set_option("funcgraph-overrun", true);
    tracefs_.set_option("event-fork", true);
    tracefs_.files()->write("events/sched/sched_switch/enable", "1\n");
    tracefs_.set_current_tracer(Tracer::function);
  }
  ~SomebodysSettings() {
    tracefs_.set_current_tracer(Tracer::nop);
    tracefs_.ftrace_filter().clear();
    tracefs_.ftrace_notrace().clear();
    tracefs_.graph_function().clear();
    tracefs_.graph_notrace().clear();
    tracefs_.ftrace_pids().clear();
    tracefs_.event_pids().clear();
    tracefs_.set_max_graph_depth(0);
    tracefs_.set_tracing_thresh(std::chrono::microseconds{0});
    tracefs_.set_trace_clock(clock_);
    tracefs_.set_buffer_size_kb(1408);
    tracefs_.set_option("funcgraph-overrun", false);
    tracefs_.set_option("event-fork", false);
    tracefs_.files()->write("events/sched/sched_switch/enable", "0\n");
    tracefs_.set_tracing_on(true);
  }
  SomebodysSettings(const SomebodysSettings&) = delete;
  SomebodysSettings& operator=(const SomebodysSettings&) = delete;

 private:
  TraceFs& tracefs_;
  std::string clock_;
};

// Runs `action` in a process of its own and kills it, as nothing can be caught, once `action` has returned.
void run_and_kill(const std::function<void()>& action) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t pid = ::fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) {
    char answer = 'y';
    try {
      action();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
      answer = 'n';
    }
    static_cast<void>(::write(ready[1], &answer, 1) == 1);
    ::raise(SIGKILL);
  }
  ::close(ready[1]);
  char answer = '-';
  EXPECT_EQ(::read(ready[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  ::close(ready[0]);
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST_F(TracefsWholeTree, ReadsTheSameAfterASessionAtTheTopLevel) {
  auto session = tracefs_.session(everything(::getpid()));
  EXPECT_FALSE(session.in_instance());
  EXPECT_THAT(session.why_top_level(), testing::HasSubstr(" is not in an instance"));
  EXPECT_EQ(session.array().current_tracer(), Tracer::function_graph);
  EXPECT_EQ(tracefs_.max_graph_depth(), 4U);
  EXPECT_EQ(tracefs_.trace_clock(), TraceClock::mono);
  session.start();
  work();
  session.stop();
  session.close();
}

TEST_F(TracefsWholeTree, ReadsTheSameAfterASessionInAnInstance) {
  auto session = tracefs_.session({.tracer = Tracer::function,
                                   .pids = {::getpid()},
                                   .functions = {"vfs_*"},
                                   .options = {{"sym-offset", true}},
                                   .buffer_size_kb = 512,
                                   .clock = TraceClock::mono});
  ASSERT_TRUE(session.in_instance());
  session.array().files()->write(session.array().path("events/sched/enable"), "1\n");
  session.start();
  work();
  session.stop();
  EXPECT_THAT(session.array().read_trace(), testing::HasSubstr("vfs_read+0x"));
}

TEST_F(TracefsWholeTree, ReadsTheSameAfterEventsWereEnabledAtTheTopLevel) {
  auto session = tracefs_.session({.place = SessionPlace::top_level});
  TraceFiles& files = *session.array().files();
  files.write("events/sched/enable", "1\n");
  files.write("events/irq/irq_handler_entry/filter", "irq == 99\n");
  files.append("events/sched/sched_switch/trigger", "stacktrace:5 if prev_pid == 99999\n");
  files.append("events/irq/irq_handler_exit/trigger", "hist:keys=irq\n");
  session.start();
  work();
}

TEST_F(TracefsSettings, OfSomebodyElseArePutBack) {
  SomebodysSettings somebody(tracefs_);
  const auto theirs = read_settings(tracefs_, walk_);
  {
    auto session = tracefs_.session(everything(::getpid()));
    session.start();
    work();
    EXPECT_NE(difference(theirs, read_settings(tracefs_, walk_)), "");
  }
  EXPECT_EQ(difference(theirs, read_settings(tracefs_, walk_)), "");
}

TEST_F(TracefsSettings, AreLeftAloneInAnInstance) {
  SomebodysSettings somebody(tracefs_);
  const auto theirs = read_settings(tracefs_, walk_);
  auto session = tracefs_.session({.tracer = Tracer::function, .functions = {"vfs_*"}});
  ASSERT_TRUE(session.in_instance());
  session.start();
  work();
  auto ours = read_settings(tracefs_, walk_);
  std::erase_if(ours, [](const auto& setting) { return setting.first.starts_with("instances/"); });
  ours.erase("enabled_functions");
  auto expected = theirs;
  expected.erase("enabled_functions");
  EXPECT_EQ(difference(expected, ours), "");
}

TEST_F(TracefsSettings, ArePutBackWhenAnExceptionPasses) {
  EXPECT_THROW(
      {
        auto session = tracefs_.session(everything(::getpid()));
        session.start();
        throw std::runtime_error("somebody else's");
      },
      std::runtime_error);
}

TEST_F(TracefsSettings, ArePutBackWhenASessionCannotBeMade) {
  SessionOptions options = everything(::getpid());
  options.options["there-is-no-such-option"] = true;
  EXPECT_THROW(static_cast<void>(tracefs_.session(options)), UnsupportedError);
}

TEST_F(TracefsSettings, ArePutBackAfterSigint) {
  StopSignals stop;
  auto session = tracefs_.session(everything(::getpid()));
  session.start();
  ::kill(::getpid(), SIGINT);
  for (const std::string_view chunk : session.text({.stop = stop.native_handle()}))
    EXPECT_FALSE(chunk.empty());
  EXPECT_EQ(stop.received(), SIGINT);
  EXPECT_FALSE(session.array().tracing_on());
}

TEST_F(TracefsSettings, ArePutBackByTheNextRunAfterSigkill) {
  SomebodysSettings somebody(tracefs_);
  const auto theirs = read_settings(tracefs_, walk_);
  run_and_kill([&] {
    auto session = std::make_unique<TraceSession>(tracefs_.session(everything(::getpid())));
    session->start();
    static_cast<void>(session.release());
  });
  EXPECT_NE(difference(theirs, read_settings(tracefs_, walk_)), "");
  {
    // What the next run saves is what was there before the killed one, not what that had left.
    auto session = tracefs_.session({.tracer = Tracer::function_graph, .functions = {"vfs_*"}, .max_depth = 2});
  }
  EXPECT_EQ(difference(theirs, read_settings(tracefs_, walk_)), "");
}

TEST_F(TracefsSettings, InstancesOfKilledRunsAreRemoved) {
  run_and_kill([&] {
    auto session =
        std::make_unique<TraceSession>(tracefs_.session({.tracer = Tracer::function, .functions = {"vfs_*"}}));
    session->start();
    static_cast<void>(session.release());
  });
  ASSERT_EQ(tracefs_.instances().size(), 1U);
  EXPECT_TRUE(tracefs_.recover());
  EXPECT_EQ(tracefs_.instances().size(), 0U);
}

TEST_F(TracefsSettings, FuncgraphOptionsOfKilledRunsArePutBack) {
  run_and_kill([&] {
    auto session = std::make_unique<TraceSession>(tracefs_.session(
        {.tracer = Tracer::function_graph, .functions = {"vfs_*"}, .options = {{"funcgraph-tail", true}}}));
    session->start();
    static_cast<void>(session.release());
  });
  EXPECT_TRUE(tracefs_.recover());
}

TEST_F(TracefsSettings, EachOptionGoesThereAndBack) {
  StateJournal journal(tracefs_.files());
  TraceArray top(journal.files(), "");
  std::size_t switched = 0;
  for (const TraceOption& option : top.options()) {
    try {
      top.set_option(option.name, !option.on);
    } catch (const Error& error) {
      // Made to refuse; and the top level's buffer is where trace_printk goes unless an instance asks for it.
      EXPECT_TRUE(option.name == "test_nop_refuse" || option.name == "trace_printk_dest") << error.what();
      continue;
    }
    EXPECT_EQ(top.option(option.name), !option.on) << option.name;
    ++switched;
  }
  EXPECT_GT(switched, 30U);
  journal.restore();
}

TEST_F(TracefsSettings, TypedFuncgraphOptionsAreThereOrUnsupported) {
  StateJournal journal(tracefs_.files());
  TraceArray top(journal.files(), "");
  std::size_t present = 0;
  for (const FuncgraphOption option : all_funcgraph_options()) {
    if (const auto on = top.option(option)) {
      top.set_option(option, !*on);
      EXPECT_EQ(top.option(option), !*on) << to_string(option);
      ++present;
    } else {
      EXPECT_THROW(top.set_option(option, true), UnsupportedError) << to_string(option);
    }
  }
  EXPECT_GE(present, 9U);  // all that are older than the oldest kernel that we support
}

TEST_F(TracefsSettings, ASecondSessionAtTheTopLevelIsRefused) {
  auto first = tracefs_.session({.tracer = Tracer::function_graph, .functions = {"vfs_*"}, .max_depth = 1});
  ASSERT_FALSE(first.in_instance());
  try {
    auto second = tracefs_.session({.tracer = Tracer::function_graph, .functions = {"vfs_*"}, .max_depth = 2});
    FAIL() << "two sessions at the top level";
  } catch (const BusyError& error) {
    EXPECT_EQ(error.pid(), ::getpid());
    EXPECT_THAT(error.what(), testing::HasSubstr("in use by pid " + std::to_string(::getpid())));
  }
  EXPECT_EQ(tracefs_.max_graph_depth(), 1U);
  EXPECT_FALSE(tracefs_.recover());
}

TEST_F(TracefsSettings, TwoSessionsInInstancesDoNotDisturbEachOther) {
  auto one = tracefs_.session({.tracer = Tracer::function, .functions = {"vfs_read"}});
  auto two = tracefs_.session({.tracer = Tracer::function, .functions = {"vfs_open"}});
  ASSERT_TRUE(one.in_instance() && two.in_instance());
  one.start();
  two.start();
  work();
  one.stop();
  two.stop();
  EXPECT_THAT(one.array().read_trace(),
              testing::AllOf(testing::HasSubstr("vfs_read"), testing::Not(testing::HasSubstr("vfs_open"))));
  EXPECT_THAT(two.array().read_trace(),
              testing::AllOf(testing::HasSubstr("vfs_open"), testing::Not(testing::HasSubstr("vfs_read"))));
}

TEST_F(TracefsSettings, TwoGraphSessionsAreSeparateOrTheSecondIsRefused) {
  auto one = tracefs_.session({.tracer = Tracer::function_graph, .functions = {"vfs_read"}});
  std::string refusal;
  try {
    auto two = tracefs_.session({.tracer = Tracer::function_graph, .functions = {"vfs_open"}});
    EXPECT_TRUE(one.in_instance() && two.in_instance());
    one.start();
    two.start();
    work();
    EXPECT_THAT(two.array().read_trace(),
                testing::AllOf(testing::HasSubstr("vfs_open"), testing::Not(testing::HasSubstr("vfs_read"))));
  } catch (const BusyError& error) {
    EXPECT_EQ(error.pid(), ::getpid());
    one.start();
    work();
  }
  one.stop();
  EXPECT_THAT(one.array().read_trace(),
              testing::AllOf(testing::HasSubstr("vfs_read"), testing::Not(testing::HasSubstr("vfs_open"))));
}

}  // namespace
}  // namespace fathom::live
