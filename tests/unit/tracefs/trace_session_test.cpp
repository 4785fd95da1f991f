#include "fake_tree.hpp"

#include <fathom/tracefs/owner.hpp>
#include <fathom/tracefs/trace_fs.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <ranges>
#include <thread>

namespace fathom {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

static_assert(std::ranges::input_range<TraceText>);
static_assert(std::movable<TraceSession> && std::movable<TraceInstance> && std::copyable<TraceFs>);

class TraceSessionOnATree : public testing::Test {
 protected:
  ~TraceSessionOnATree() override { std::filesystem::remove_all(options_.directory); }

  [[nodiscard]] TraceSession top_level(SessionOptions options) {
    options.place = SessionPlace::top_level;
    return tracefs_.session(options);
  }
  // What the kernel does with the files of an instance as it comes and goes; the rest is for `others` to judge.
  void make_instances(FaultyTraceFiles::Verdict others) {
    files_->verdict = [this, others](FileCall call, std::string_view path, std::string_view text) {
      const std::string directory(path.substr(0, path.rfind('/')));
      if (call == FileCall::read && path.starts_with("instances/") && path.ends_with("/available_tracers")) {
        for (const char* const file : {"available_tracers", "current_tracer", "trace_options", "tracing_on", "trace"})
          tree_.put(directory + '/' + file, tree_.get(file));
      }
      const int error = others(call, path, text);
      if (call == FileCall::remove_directory && error == 0) {
        tree_.remove(std::string(path));
        tree_.make_directory(std::string(path));
      }
      return error;
    };
  }
  // As a process does that is killed in a session at the top level.
  void die_tracing(pid_t& pid) {
    pid = ::fork();
    if (pid == 0) {
      auto session = top_level({.tracer = Tracer::function});
      ::raise(SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    ASSERT_TRUE(WIFSIGNALED(status));
  }

  FakeTree tree_;
  std::shared_ptr<FaultyTraceFiles> files_ = std::make_shared<FaultyTraceFiles>(local_trace_files(tree_.root()));
  StateJournalOptions options_{.directory = testing::TempDir() + "fathom-session-" + std::to_string(::getpid())};
  TraceFs tracefs_{files_, options_};
};

TEST_F(TraceSessionOnATree, SetsTheFiltersBeforeTheTracer) {
  auto session = top_level({.tracer = Tracer::function_graph,
                            .pids = {42},
                            .follow_forks = true,
                            .functions = {"vfs_*"},
                            .max_depth = 6,
                            .options = {{"funcgraph-proc", false}},
                            .clock = TraceClock::mono});
  EXPECT_FALSE(session.in_instance());
  EXPECT_EQ(session.why_top_level(), "it was asked for");
  EXPECT_THAT(files_->written, testing::ElementsAre("tracing_on 0", "set_ftrace_filter vfs_*", "set_ftrace_pid 42",
                                                    "set_event_pid 42", "max_graph_depth 6", "trace_clock mono",
                                                    "options/event-fork 1", "options/funcgraph-abstime 1",
                                                    "options/function-fork 1", "current_tracer function_graph"));
  EXPECT_EQ(tree_.get("options/funcgraph-proc"), "0\n");
  session.start();
  EXPECT_EQ(tree_.get("tracing_on"), "1\n");
  session.stop();
  EXPECT_EQ(tree_.get("tracing_on"), "0\n");
  tree_.put("trace_clock", "local global counter [mono] x86-tsc\n");
  session.close();
  EXPECT_EQ(tree_.get("tracing_on"), "1\n");
  EXPECT_EQ(tree_.get("current_tracer"), "nop\n");
  EXPECT_EQ(tree_.get("max_graph_depth"), "0\n");
  EXPECT_EQ(tree_.get("options/funcgraph-abstime"), "0\n");
  EXPECT_EQ(tree_.get("trace_clock"), "local\n");
  EXPECT_EQ(tree_.get("tracing_max_latency"), "17\n");
}

// Whatever fails at whatever step, what was changed by then goes back.
TEST_F(TraceSessionOnATree, EveryFailingStepLeavesNothing) {
  const SessionOptions everything{.tracer = Tracer::function_graph,
                                  .pids = {42},
                                  .functions = {"vfs_read"},
                                  .notrace = {"schedule"},
                                  .graph_functions = {"vfs_read"},
                                  .graph_notrace = {"vfs_write"},
                                  .max_depth = 6,
                                  .tracing_thresh = std::chrono::microseconds{5},
                                  .buffer_size_kb = 64,
                                  .cpus = CpuSet{0}};
  {
    auto session = top_level(everything);
  }
  const std::size_t steps = files_->written.size();
  ASSERT_GT(steps, 12U);
  const FakeTree untouched;
  for (std::size_t step = 0; step < steps / 2; ++step) {
    SCOPED_TRACE(step);
    std::size_t count = 0;
    files_->verdict = [&](FileCall call, std::string_view, std::string_view) {
      return call == FileCall::write && count++ == step ? EIO : 0;
    };
    EXPECT_THROW({ auto session = top_level(everything); }, Error);
    files_->verdict = nullptr;
    EXPECT_TRUE(StateJournal::recover(files_, options_));
    for (const char* file : {"tracing_on", "current_tracer", "max_graph_depth", "tracing_thresh", "tracing_cpumask",
                             "options/funcgraph-abstime"})
      EXPECT_EQ(tree_.get(file), untouched.get(file)) << file;
  }
}

TEST_F(TraceSessionOnATree, AnUnknownTracerIsRefusedBeforeAnythingIsTouched) {
  try {
    auto session = tracefs_.session({.tracer = Tracer("warp_drive")});
    FAIL();
  } catch (const UnsupportedError& error) {
    EXPECT_EQ(error.feature(), "tracer warp_drive");
    EXPECT_THAT(error.hint(), HasSubstr("function_graph"));
  }
  EXPECT_THAT(files_->written, testing::IsEmpty());
}

TEST_F(TraceSessionOnATree, TextEndsWithTheDescriptorAndGivesTheRest) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  tree_.put("trace_pipe", std::string(100000, 'x'));
  auto session = top_level({});
  session.start();
  ASSERT_EQ(::write(ends[1], "!", 1), 1);
  std::size_t size = 0;
  std::size_t chunks = 0;
  for (const std::string_view chunk : session.text({.until = ends[0]})) {
    size += chunk.size();
    ++chunks;
  }
  EXPECT_EQ(size, 100000U);
  EXPECT_EQ(chunks, 2U);
  EXPECT_EQ(tree_.get("tracing_on"), "0\n");
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(TraceSessionOnATree, StopEndsATextThatWaitsForADescriptorToo) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  auto session = top_level({});
  auto text = session.text({.until = ends[0]});
  // Begun before start(), it waits for that.
  bool given_up = false;
  std::jthread other([&](const std::stop_token& ended) {
    std::this_thread::sleep_for(50ms);
    EXPECT_FALSE(ended.stop_requested());
    session.start();
    std::this_thread::sleep_for(50ms);
    session.stop();
    for (int i = 0; i < 500 && !ended.stop_requested(); ++i)
      std::this_thread::sleep_for(10ms);
    given_up = !ended.stop_requested();
    EXPECT_EQ(::write(ends[1], "!", 1), 1);
  });
  EXPECT_EQ(text.begin(), text.end());
  other.request_stop();
  other.join();
  EXPECT_FALSE(given_up);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(TraceSessionOnATree, ATextWithoutDescriptorsEndsWhereTracingIsOff) {
  auto session = top_level({});
  auto text = session.text();
  EXPECT_EQ(text.begin(), text.end());
}

TEST_F(TraceSessionOnATree, AClosedOneSaysSo) {
  auto session = top_level({});
  session.close();
  const auto expect_refusal = [](auto action) {
    try {
      action();
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), std::errc::bad_file_descriptor);
      EXPECT_THAT(error.hint(), HasSubstr("it was closed"));
    }
  };
  const auto expect_refusals = [&](TraceSession& closed) {
    expect_refusal([&] { static_cast<void>(closed.array()); });
    expect_refusal([&] { closed.start(); });
    expect_refusal([&] { closed.stop(); });
    expect_refusal([&] { static_cast<void>(closed.text()); });
    EXPECT_NO_THROW(closed.close());
  };
  expect_refusals(session);
  EXPECT_FALSE(session.in_instance());
  EXPECT_EQ(session.why_top_level(), "it was asked for");
  TraceSession moved = std::move(session);
  expect_refusals(session);  // NOLINT(bugprone-use-after-move): that is what is tried
}

TEST_F(TraceSessionOnATree, ACloseThatFailedIsTriedAgain) {
  auto session = top_level({.tracer = Tracer::function});
  files_->verdict = [](FileCall call, std::string_view path, std::string_view text) {
    return call == FileCall::write && path == "current_tracer" && text == "nop\n" ? EBUSY : 0;
  };
  EXPECT_THROW(session.close(), Error);
  EXPECT_EQ(tree_.get("current_tracer"), "function\n");
  EXPECT_NO_THROW(session.stop()) << "it is still open";
  files_->verdict = nullptr;
  session.close();
  EXPECT_EQ(tree_.get("current_tracer"), "nop\n");
  EXPECT_FALSE(std::filesystem::exists(options_.directory));
}

TEST_F(TraceSessionOnATree, AnInstanceThatIsHeldIsTriedAgain) {
  bool held = true;
  make_instances([&](FileCall call, std::string_view, std::string_view) {
    return call == FileCall::remove_directory && held ? EBUSY : 0;
  });
  auto session = tracefs_.session({.tracer = Tracer::function, .place = SessionPlace::instance});
  EXPECT_THROW(session.close(), Error);
  EXPECT_THAT(tracefs_.instances(), testing::SizeIs(1));
  held = false;
  session.close();
  EXPECT_THAT(tracefs_.instances(), testing::IsEmpty());
  EXPECT_TRUE(session.in_instance());
}

TEST_F(TraceSessionOnATree, ADeadOneInTheWayIsNamedAndLetsInstancesBe) {
  pid_t dead = 0;
  die_tracing(dead);
  ASSERT_GT(dead, 0);
  make_instances([](FileCall call, std::string_view path, std::string_view text) {
    return call == FileCall::write && path == "current_tracer" && text == "nop\n" ? EBUSY : 0;
  });
  for (int i = 0; i < 2; ++i) {
    try {
      auto session = top_level({});
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), std::errc::device_or_resource_busy);
      EXPECT_THAT(error.what(), HasSubstr("put back what pid " + std::to_string(dead) + " left behind, as " +
                                          options_.directory + "/top-level.journal says: "));
      EXPECT_THAT(error.path(), HasSubstr("current_tracer"));
    }
  }
  {
    auto session = tracefs_.session({.tracer = Tracer::function, .place = SessionPlace::instance});
    EXPECT_TRUE(session.in_instance());
  }
  files_->verdict = nullptr;
  EXPECT_TRUE(tracefs_.recover());
  EXPECT_EQ(tree_.get("current_tracer"), "nop\n");
}

TEST_F(TraceSessionOnATree, WaitsForAJournalThatIsHeldForAMoment) {
  std::jthread other([journal = std::make_unique<StateJournal>(local_trace_files(tree_.root()), options_)]() mutable {
    std::this_thread::sleep_for(100ms);
    journal.reset();
  });
  EXPECT_NO_THROW({ auto session = top_level({}); });
}

TEST_F(TraceSessionOnATree, TextRefusesADescriptorThatIsNotOpen) {
  auto session = top_level({});
  auto text = session.text({.until = 9999});
  EXPECT_THROW(static_cast<void>(text.begin()), Error);
}

TEST_F(TraceSessionOnATree, ABusyPipeIsAnError) {
  auto session = top_level({});
  files_->verdict = [](FileCall call, std::string_view, std::string_view) {
    return call == FileCall::open_stream ? EBUSY : 0;
  };
  EXPECT_THROW(static_cast<void>(session.text()), Error);
}

TEST_F(TraceSessionOnATree, ABootSizedBufferGrowsForTheSession) {
  tree_.put("buffer_size_kb", "7\n");
  {
    auto session = top_level({});
    EXPECT_EQ(tree_.get("buffer_size_kb"), "1408\n");
  }
  EXPECT_EQ(tree_.get("buffer_size_kb"), "7\n");
}

TEST_F(TraceSessionOnATree, InstancesOfTheDeadAreRemovedAndThoseOfTheLivingAreNot) {
  Owner dead = Owner::current();
  dead.start_time += 1;
  const std::string gone = dead.unique_name();
  const std::string kept = Owner::current().unique_name();
  for (const std::string& name : {gone, kept, std::string("somebodys")}) {
    tree_.put("instances/" + name + "/tracing_on", "1\n");
    tree_.put("instances/" + name + "/current_tracer", "nop\n");
  }
  std::vector<std::string> removed;
  files_->verdict = [&](FileCall call, std::string_view path, std::string_view) {
    // An ordinary directory does not go while there are files in it.
    if (call == FileCall::remove_directory) {
      removed.emplace_back(path);
      std::filesystem::remove(tree_.root() + '/' + std::string(path) + "/tracing_on");
      std::filesystem::remove(tree_.root() + '/' + std::string(path) + "/current_tracer");
    }
    return 0;
  };
  EXPECT_THAT(remove_stale_instances(files_), testing::ElementsAre(gone));
  EXPECT_THAT(removed, testing::ElementsAre("instances/" + gone));
  EXPECT_THAT(tracefs_.instances(), testing::UnorderedElementsAre(kept, "somebodys"));
}

}  // namespace
}  // namespace fathom
