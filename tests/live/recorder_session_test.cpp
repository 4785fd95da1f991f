// Recorder in a TraceSession: function_graph, and what is left behind.
#include "recorder_support.hpp"
#include "tracefs_support.hpp"

#include <fathom/base/error.hpp>
#include <fathom/base/unique_fd.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <map>
#include <string>
#include <vector>

namespace fathom::live {
namespace {

class RecorderGraph : public testing::TestWithParam<bool> {};

TEST_P(RecorderGraph, CallsAreAsManyAsTheKernelCounted) {
  const TraceFs tracefs;
  if (const std::string refused = function_tracers_refused(tracefs); !refused.empty()) {
    ASSERT_FALSE(in_vm()) << refused;
    GTEST_SKIP() << refused;
  }
  const auto before = read_settings(tracefs, Walk::without_events);
  for (const bool overwrite : {true, false}) {
    auto session =
        tracefs.session({.tracer = Tracer::function_graph, .pids = {::gettid()}, .functions = {"vfs_*", "*seq_*"}});
    const FormatRegistry formats = read_formats(session.array());
    Recorder recorder(session.array(), {.overwrite = overwrite, .buffer_size_kb = 64});
    ScratchDirectory scratch;
    PageFiles files(scratch.prefix());
    Tally tally(formats);
    recorder.start();
    for (int i = 0; i < 5; ++i) {
      work();
      if (GetParam())
        recorder.drain(files);
      else
        recorder.drain(tally);
    }
    const Recording recording = GetParam() ? recorder.stop(files) : recorder.stop(tally);
    if (GetParam())
      tally = tally_files(files, formats);
    EXPECT_GT(recording.events(), 500U);
    expect_exact(recording, tally, overwrite);
    recorder.close();
    session.close();
  }
  EXPECT_EQ(difference(before, read_settings(tracefs, Walk::without_events)), "");
}

INSTANTIATE_TEST_SUITE_P(Ways, RecorderGraph, testing::Bool(),
                         [](const auto& files) { return files.param ? "Files" : "Process"; });

class RecorderTraces : public testing::TestWithParam<SessionPlace> {
 protected:
  void SetUp() override {
    if (GetParam() == SessionPlace::top_level && !in_vm())
      GTEST_SKIP() << "changes the top level: only in a VM";
  }

  // In an instance the events are its own, and go with it. Outside of a VM others may have instances too.
  [[nodiscard]] std::map<std::string, std::string> settings() const {
    auto all = read_settings(tracefs_, GetParam() == SessionPlace::top_level ? Walk::all : Walk::without_events);
    std::erase_if(all, [&](const auto& setting) {
      return setting.first.starts_with("instances/") && std::ranges::none_of(makers_, [&](pid_t maker) {
               return setting.first.starts_with("instances/fathom_" + std::to_string(maker) + '_');
             });
    });
    return all;
  }

  [[nodiscard]] static RecorderOptions options(const TraceArray& array) {
    RecorderOptions options{.overwrite = false, .buffer_size_kb = 512};
    if (array.has("buffer_percent"))
      options.buffer_percent = 10;
    if (array.has("buffer_subbuf_size_kb"))
      options.subbuf_size_kb = 8;
    return options;
  }

  static void record(Recorder& recorder, TraceSession& session, Tally& tally) {
    TraceEvents(session.array()).enable("raw_syscalls");
    recorder.start();
    call(1000);
    recorder.drain(tally);
  }

  TraceFs tracefs_;
  std::vector<pid_t> makers_{::getpid()};
};

TEST_P(RecorderTraces, NothingIsLeftBehind) {
  const auto before = settings();
  {
    auto session = tracefs_.session({.place = GetParam()});
    Recorder recorder(session.array(), options(session.array()));
    Tally tally(read_formats(session.array()));
    record(recorder, session, tally);
    EXPECT_NE(difference(before, settings()), "");
    if (GetParam() == SessionPlace::instance) {
      EXPECT_GT(recorder.stop(tally).events(), 2000U);
    }
  }
  EXPECT_EQ(difference(before, settings()), "");
}

TEST_P(RecorderTraces, NorByAProcessThatIsKilledInTheMiddle) {
  const auto before = settings();
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const UniqueFd outlet(ends[0]);
  UniqueFd inlet(ends[1]);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    try {
      auto session = tracefs_.session({.place = GetParam()});
      Recorder recorder(session.array(), options(session.array()));
      Tally tally(read_formats(session.array()));
      record(recorder, session, tally);
      (void)!::write(inlet.get(), "x", 1);
      recorder.run(tally);
    } catch (const std::exception&) {
      // The parent reads nothing, and says so.
    }
    ::_exit(1);
  }
  makers_.push_back(child);
  inlet.reset();
  char ready = 0;
  EXPECT_EQ(::read(outlet.get(), &ready, 1), 1);
  EXPECT_EQ(::kill(child, SIGKILL), 0);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_NE(difference(before, settings()), "");
  EXPECT_TRUE(tracefs_.recover());
  EXPECT_EQ(difference(before, settings()), "");
}

INSTANTIATE_TEST_SUITE_P(Places, RecorderTraces, testing::Values(SessionPlace::instance, SessionPlace::top_level),
                         [](const auto& place) {
                           return place.param == SessionPlace::instance ? "Instance" : "TopLevel";
                         });

}  // namespace
}  // namespace fathom::live
