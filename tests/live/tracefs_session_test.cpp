// Sessions that trace: each tracer, the text, and what the kernel refuses.
#include "tracefs_support.hpp"

#include <fathom/base/error.hpp>
#include <fathom/process/child.hpp>
#include <fathom/tracefs/trace_fs.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <regex>
#include <set>
#include <string>
#include <thread>

namespace fathom::live {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

std::string text_of(TraceSession& session, TextOptions options) {
  std::string text;
  for (const std::string_view chunk : session.text(options))
    text += chunk;
  return text;
}

class TracefsTracer : public testing::TestWithParam<Tracer> {};

TEST_P(TracefsTracer, IsSelectedRunAndPutBack) {
  TraceFs tracefs;
  const Tracer tracer = GetParam();
  if (!tracefs.has_tracer(tracer))
    GTEST_SKIP() << "this kernel has no tracer " << tracer.name();
  if (const std::string refused = function_tracers_refused(tracefs); tracer != Tracer::nop && !refused.empty()) {
    ASSERT_FALSE(in_vm()) << refused;
    GTEST_SKIP() << refused;
  }
  const auto before = read_settings(tracefs, Walk::without_events);
  const CpuSet cpus = CpuSet::online();
  {
    // All functions at once take seconds in an emulated machine, and say no more than these.
    SessionOptions options{.tracer = tracer};
    if (tracer == Tracer::function || tracer == Tracer::function_graph)
      options.functions = {"vfs_*"};
    auto session = tracefs.session(options);
    EXPECT_EQ(session.array().current_tracer(), tracer);
    session.start();
    work();
    session.array().write_marker("fathom was here");
    std::this_thread::sleep_for(20ms);
    session.stop();
    const std::string trace = session.array().read_trace();
    EXPECT_THAT(trace, HasSubstr(tracer.name()));
    if (tracer == Tracer::function || tracer == Tracer::function_graph) {
      EXPECT_THAT(trace, HasSubstr("vfs_read"));
    }
    if (tracer == Tracer::nop || tracer == Tracer::function || tracer == Tracer::function_graph) {
      EXPECT_THAT(trace, HasSubstr("fathom was here"));
    }
  }
  EXPECT_EQ(difference(before, read_settings(tracefs, Walk::without_events)), "");
  EXPECT_EQ(CpuSet::online(), cpus);
}

INSTANTIATE_TEST_SUITE_P(OfTheNotes, TracefsTracer,
                         testing::Values(Tracer::function, Tracer::function_graph, Tracer::blk, Tracer::mmiotrace,
                                         Tracer::wakeup, Tracer::wakeup_rt, Tracer::wakeup_dl, Tracer::hwlat,
                                         Tracer::nop),
                         [](const auto& tracer) { return std::string(tracer.param.name()); });

class TracefsSession : public testing::Test {
 protected:
  void SetUp() override {
    const std::string refused = function_tracers_refused(tracefs_);
    if (!refused.empty() && !in_vm())
      GTEST_SKIP() << refused;
    ASSERT_EQ(refused, "");
  }

  TraceFs tracefs_;
};

TEST_F(TracefsSession, TracersThatTheNotesDoNotNameAreSelectedByName) {
  const std::array notes{Tracer::function,  Tracer::function_graph, Tracer::blk,   Tracer::mmiotrace, Tracer::wakeup,
                         Tracer::wakeup_rt, Tracer::wakeup_dl,      Tracer::hwlat, Tracer::nop};
  std::vector<Tracer> others = tracefs_.available_tracers();
  std::erase_if(others, [&](const Tracer& tracer) { return std::ranges::find(notes, tracer) != notes.end(); });
  if (others.empty())
    GTEST_SKIP() << "this kernel has no other tracers";
  for (const Tracer& tracer : others) {
    auto session = tracefs_.session({.tracer = tracer});
    EXPECT_EQ(session.array().current_tracer(), tracer);
  }
  EXPECT_EQ(tracefs_.current_tracer(), Tracer::nop);
}

TEST_F(TracefsSession, TextOfACommandIsWhatTheCommandDid) {
  Child child{{"cat", "/proc/self/status"}, {.stdout_fd = 2}};
  auto session = tracefs_.session({.tracer = Tracer::function_graph,
                                   .pids = {child.pid()},
                                   .follow_forks = true,
                                   .functions = {"vfs_*", "proc_*", "*_lock*"},
                                   .graph_functions = {"vfs_*"},
                                   .max_depth = 6});
  session.start();
  child.resume();
  const std::string text = text_of(session, {.until = child.pidfd()});
  EXPECT_EQ(child.wait().shell_code(), 0);
  EXPECT_FALSE(session.array().tracing_on());
  EXPECT_THAT(text, HasSubstr("vfs_read"));
  EXPECT_THAT(text, HasSubstr(std::to_string(child.pid())));
  session.close();
}

// The numbers of those who are in a trace: their names may be missing, where the kernel had no time to note them.
std::set<int> tasks_in(const std::string& text) {
  static const std::regex task("-([0-9]+) +\\[");
  std::set<int> tasks;
  for (std::sregex_iterator at(text.begin(), text.end(), task), end; at != end; ++at)
    tasks.insert(std::stoi((*at)[1]));
  return tasks;
}

TEST_F(TracefsSession, FollowsForksOnlyIfAsked) {
  for (const bool follow : {true, false}) {
    Child child{{"sh", "-c", "cat /proc/self/status; true"}, {.stdout_fd = 2}};
    auto session = tracefs_.session({.tracer = Tracer::function,
                                     .pids = {child.pid()},
                                     .follow_forks = follow,
                                     .functions = {"vfs_read", "ksys_read"}});
    session.start();
    child.resume();
    const std::string text = text_of(session, {.until = child.pidfd()});
    child.wait();
    std::set<int> tasks = tasks_in(text);
    EXPECT_EQ(tasks.erase(child.pid()), 1U) << text;
    EXPECT_EQ(!tasks.empty(), follow) << text;
  }
}

TEST_F(TracefsSession, TextWithoutADescriptorEndsWhenTracingDoes) {
  auto session = tracefs_.session({.tracer = Tracer::function, .functions = {"vfs_read"}});
  session.start();
  work();
  session.stop();
  EXPECT_THAT(text_of(session, {}), HasSubstr("vfs_read"));
  EXPECT_EQ(text_of(session, {}), "");
  session.start();
  std::thread stopper([&] {
    std::this_thread::sleep_for(100ms);
    session.stop();
  });
  work();
  EXPECT_THAT(text_of(session, {}), HasSubstr("vfs_read"));
  stopper.join();
}

TEST_F(TracefsSession, GivesEveryEventThatTheBufferHeld) {
  auto session = tracefs_.session(
      {.tracer = Tracer::function, .pids = {::getpid()}, .functions = {"vfs_read"}, .buffer_size_kb = 4096});
  session.start();
  work();
  session.stop();
  std::uint64_t entries = 0;
  for (const unsigned cpu : session.array().cpus().cpus()) {
    const RingBufferStats stats = session.array().stats(cpu);
    EXPECT_EQ(stats.lost(), 0U);
    entries += stats.entries;
  }
  EXPECT_GT(entries, 50U);
  const std::string text = text_of(session, {});
  EXPECT_EQ(static_cast<std::uint64_t>(std::ranges::count(text, '\n')), entries);
}

TEST_F(TracefsSession, AnUnknownTracerIsRefusedWithTheListOfTracers) {
  try {
    auto session = tracefs_.session({.tracer = Tracer("warp_drive")});
    FAIL();
  } catch (const UnsupportedError& error) {
    EXPECT_EQ(error.feature(), "tracer warp_drive");
    EXPECT_THAT(error.what(), HasSubstr("function_graph"));
  }
}

TEST_F(TracefsSession, ARejectedFunctionFilterNamesThePatternAndTheNearest) {
  for (const bool graph : {false, true}) {
    SessionOptions options{.tracer = Tracer::function_graph};
    (graph ? options.graph_functions : options.functions) = {"vfs_read", "vfs_raed", "vfs_open"};
    try {
      auto session = tracefs_.session(options);
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), std::errc::invalid_argument);
      EXPECT_THAT(error.what(), testing::AllOf(HasSubstr("'vfs_raed'"), HasSubstr("nearest: vfs_read")));
      EXPECT_THAT(error.path(), HasSubstr(graph ? "set_graph_function" : "set_ftrace_filter"));
    }
  }
}

TEST_F(TracefsSession, AGlobThatMatchesNothingSaysSo) {
  FunctionFilter filter = tracefs_.ftrace_filter();
  try {
    filter.set({"zzz_there_is_none_*"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("no function is called so"));
  }
  try {
    filter.add("vfs_read:no_such_command");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("command"));
  }
  EXPECT_TRUE(filter.list().empty());
}

TEST_F(TracefsSession, AManyFunctionFilterIsPutBackQuickly) {
  FunctionFilter filter = tracefs_.ftrace_filter();
  filter.set({"vfs_*", "*mutex*"});
  const auto set = filter.list();
  ASSERT_GT(set.size(), 50U);
  filter.set({"schedule"});
  const auto begin = std::chrono::steady_clock::now();
  filter.restore(set);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 20s);
  EXPECT_EQ(filter.list(), set);
  filter.clear();
}

TEST_F(TracefsSession, ATracerThatReadersHoldGivesBusy) {
  auto session = tracefs_.session({.tracer = Tracer::function, .functions = {"vfs_read"}});
  const auto pipe = session.array().open_trace_pipe();
  try {
    session.array().set_current_tracer(Tracer::nop);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), std::errc::device_or_resource_busy);
    EXPECT_THAT(error.hint(), HasSubstr("trace_pipe"));
  }
}

TEST_F(TracefsSession, ALiveTextKeepsCloseFromItsWorkUntilItIsGone) {
  const auto before = read_settings(tracefs_, Walk::without_events);
  for (const SessionPlace place : {SessionPlace::instance, SessionPlace::top_level}) {
    auto session = tracefs_.session({.tracer = Tracer::function, .functions = {"vfs_read"}, .place = place});
    {
      const auto text = session.text();
      EXPECT_THROW(session.close(), Error);
    }
    session.close();
    EXPECT_THROW(session.start(), Error);
    EXPECT_EQ(difference(before, read_settings(tracefs_, Walk::without_events)), "");
  }
}

// Killed with a reader at its trace_pipe, which keeps the tracer from being put back.
TEST_F(TracefsSession, ADeadOneInTheWayLetsInstancesBe) {
  const auto before = read_settings(tracefs_, Walk::without_events);
  const pid_t pid = ::fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) {
    auto session =
        tracefs_.session({.tracer = Tracer::function, .functions = {"vfs_read"}, .place = SessionPlace::top_level});
    ::raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  ASSERT_TRUE(WIFSIGNALED(status));
  {
    const auto reader = tracefs_.open_trace_pipe();
    try {
      auto session = tracefs_.session({.place = SessionPlace::top_level});
      FAIL();
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("put back what pid " + std::to_string(pid) + " left behind"));
    }
    EXPECT_TRUE(tracefs_.session({.tracer = Tracer::function, .functions = {"vfs_read"}}).in_instance());
  }
  EXPECT_TRUE(tracefs_.recover());
  EXPECT_EQ(difference(before, read_settings(tracefs_, Walk::without_events)), "");
}

TEST_F(TracefsSession, HwlatInAnotherBufferIsNamed) {
  if (!tracefs_.has_tracer(Tracer::hwlat))
    GTEST_SKIP() << "this kernel has no tracer hwlat";
  auto one = tracefs_.session({.tracer = Tracer::hwlat, .place = SessionPlace::instance});
  try {
    auto two = tracefs_.session({.tracer = Tracer::hwlat, .place = SessionPlace::instance});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), std::errc::device_or_resource_busy);
    EXPECT_THAT(error.hint(), HasSubstr(one.array().prefix()));
  }
}

TEST_F(TracefsSession, AReadOnlyTracefsSaysSo) {
  // In a process and mount namespace of its own.
  const std::string directory = testing::TempDir() + "fathom-read-only";
  std::filesystem::create_directory(directory);
  const pid_t pid = ::fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) {
    const char* const root = tracefs_.files()->root().c_str();
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount(root, directory.c_str(), nullptr, MS_BIND, nullptr) != 0 ||
        ::mount(nullptr, directory.c_str(), nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) != 0)
      ::_exit(3);
    try {
      TraceFs(TraceFsOptions{.root = directory}).set_tracing_on(true);
      ::_exit(4);
    } catch (const Error& error) {
      ::_exit(error.code() == std::errc::read_only_file_system && error.hint().find("remount,rw") != std::string::npos
                  ? 0
                  : 5);
    }
  }
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
  std::filesystem::remove(directory);
}

TEST_F(TracefsSession, AnotherUserIsToldToBeRoot) {
  const pid_t pid = ::fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) {
    constexpr uid_t kNobody = 65534;
    if (::setuid(kNobody) != 0)
      ::_exit(3);
    try {
      TraceFs tracefs(TraceFsOptions{.root = tracefs_.files()->root()});
      tracefs.set_tracing_on(true);
      ::_exit(4);
    } catch (const Error& error) {
      ::_exit(error.code() == std::errc::permission_denied && error.hint().find("run as root") != std::string::npos
                  ? 0
                  : 5);
    }
  }
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace fathom::live
