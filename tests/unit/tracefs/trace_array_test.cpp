#include "fake_tree.hpp"

#include <fathom/tracefs/find_tracefs.hpp>
#include <fathom/tracefs/trace_fs.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace fathom {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class TraceFsOnATree : public testing::Test {
 protected:
  FakeTree tree_;
  std::shared_ptr<FaultyTraceFiles> files_ = std::make_shared<FaultyTraceFiles>(local_trace_files(tree_.root()));
  TraceFs tracefs_{files_};

  void fail_writes(std::string path, int error) {
    files_->verdict = [path, error](FileCall call, std::string_view asked, std::string_view) {
      return call == FileCall::write && asked == path ? error : 0;
    };
  }
};

TEST_F(TraceFsOnATree, FindsTheMountInMountinfo) {
  const std::string mountinfo = testing::TempDir() + "fathom-mountinfo";
  std::ofstream(mountinfo) << "24 1 0:12 / " << tree_.root() << " rw - tracefs tracefs rw\n";
  EXPECT_EQ(TraceFs({.mountinfo = mountinfo}).files()->root(), tree_.root());
  std::ofstream(mountinfo) << "24 1 0:12 / /proc rw - proc proc rw\n";
  try {
    TraceFs tracefs({.mountinfo = mountinfo});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.path(), mountinfo);
    EXPECT_THAT(error.hint(), HasSubstr("mount -t tracefs nodev /sys/kernel/tracing"));
  }
  std::filesystem::remove(mountinfo);
}

TEST_F(TraceFsOnATree, RefusesADirectoryThatIsNoTracefs) {
  try {
    TraceFs tracefs({.root = testing::TempDir()});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), std::errc::no_such_file_or_directory);
    EXPECT_THAT(error.what(), HasSubstr("mount it"));
  }
}

TEST_F(TraceFsOnATree, ReadsEachSettingTyped) {
  EXPECT_THAT(tracefs_.available_tracers(),
              ElementsAre(Tracer::blk, Tracer::function_graph, Tracer::function, Tracer::nop));
  EXPECT_EQ(tracefs_.current_tracer(), Tracer::nop);
  EXPECT_EQ(tracefs_.option("overwrite"), true);
  EXPECT_EQ(tracefs_.option("sym-offset"), false) << "listed, but no file";
  EXPECT_EQ(tracefs_.option(FuncgraphOption::args), std::nullopt);
  EXPECT_EQ(tracefs_.cpumask(), (CpuSet{0, 1}));
  EXPECT_EQ(tracefs_.trace_clock(), TraceClock::local);
  EXPECT_THAT(tracefs_.trace_clocks().available, ElementsAre("local", "global", "counter", "mono", "x86-tsc"));
  EXPECT_EQ(tracefs_.buffer_size_kb(), 1408U);
  EXPECT_EQ(tracefs_.buffer_size_kb(1), 1408U);
  EXPECT_EQ(tracefs_.buffer_total_size_kb(), 2816U);
  EXPECT_EQ(tracefs_.cpus(), (CpuSet{0, 1}));
  EXPECT_EQ(tracefs_.stats(0).entries, 3U);
  EXPECT_TRUE(tracefs_.tracing_on());
  EXPECT_EQ(tracefs_.tracing_max_latency(), std::chrono::microseconds{17});
  EXPECT_EQ(tracefs_.max_graph_depth(), 0U);
  EXPECT_THAT(tracefs_.saved_cmdlines(), ElementsAre(SavedCmdline{1, "init"}, SavedCmdline{77, "kworker/0:1 x"}));
  EXPECT_THAT(tracefs_.saved_tgids(), ElementsAre(SavedTgid{77, 70}));
  EXPECT_EQ(tracefs_.saved_cmdlines_size(), 128U);
  EXPECT_THAT(tracefs_.available_filter_functions(),
              ElementsAre("vfs_read", "vfs_write", "ext4_file_open", "__x64_sys_openat", "schedule"));
  EXPECT_THAT(tracefs_.instances(), IsEmpty());
}

TEST_F(TraceFsOnATree, KnowsTheSizesThatAreNoNumber) {
  tree_.put("buffer_size_kb", "7 (expanded: 1408)\n");
  EXPECT_EQ(tracefs_.buffer_size_kb(), 1408U);
  tree_.put("buffer_size_kb", "X\n");
  EXPECT_EQ(tracefs_.buffer_size_kb(), std::nullopt);
}

TEST_F(TraceFsOnATree, WritesWhatTheKernelTakes) {
  tracefs_.set_current_tracer(Tracer::function);
  tracefs_.set_option("overwrite", false);
  tracefs_.set_option("sym-offset", true);
  tree_.put("trace_options", "print-parent\nsym-offset\n");  // the kernel's file keeps its text
  tracefs_.set_option("print-parent", false);
  tracefs_.set_cpumask(CpuSet{1, 32});
  tracefs_.set_trace_clock(TraceClock::x86_tsc);
  tracefs_.set_buffer_size_kb(64);
  tracefs_.set_buffer_size_kb(1, 128);
  tracefs_.set_tracing_on(false);
  tracefs_.set_max_graph_depth(3);
  tracefs_.set_tracing_thresh(std::chrono::milliseconds{2});
  tracefs_.set_saved_cmdlines_size(4096);
  tracefs_.ftrace_pids().set({5, 6});
  tracefs_.ftrace_filter().remove("vfs_read");
  tracefs_.ftrace_filter().remove("schedule:traceoff:count=3");
  tracefs_.write_marker("hello");
  const std::array<std::byte, 1> byte{std::byte{7}};
  tree_.put("trace_marker_raw", "");
  tracefs_.write_raw_marker(1, byte);
  EXPECT_EQ(tree_.get("trace_marker_raw"), std::string("\1\0\0\0\7", 5));
  files_->written.pop_back();
  EXPECT_THAT(
      files_->written,
      ElementsAre("current_tracer function", "options/overwrite 0", "trace_options sym-offset",
                  "trace_options noprint-parent", "tracing_cpumask 1,00000002", "trace_clock x86-tsc",
                  "buffer_size_kb 64", "per_cpu/cpu1/buffer_size_kb 128", "tracing_on 0", "max_graph_depth 3",
                  "tracing_thresh 2000", "saved_cmdlines_size 4096", "set_ftrace_pid 5", "set_ftrace_filter !vfs_read",
                  "set_ftrace_filter !schedule:traceoff:0", "trace_marker hello"));
  EXPECT_EQ(tree_.get("set_ftrace_pid"), "5\n6\n");
}

TEST_F(TraceFsOnATree, ClearsInOneCall) {
  tracefs_.clear();
  EXPECT_EQ(tree_.get("trace"), "");
}

TEST_F(TraceFsOnATree, NamesWhatThereIsInsteadOfWhatThereIsNot) {
  const struct {
    std::function<void()> action;
    const char* feature;
    const char* instead;
  } cases[] = {
      {[&] { tracefs_.set_current_tracer(Tracer::hwlat); }, "tracer hwlat", "blk function_graph function nop"},
      {[&] { tracefs_.set_trace_clock(TraceClock::tai); }, "clock tai", "local global counter mono x86-tsc"},
      {[&] { tracefs_.set_option(FuncgraphOption::args, true); }, "option funcgraph-args", "trace_options"},
      {[&] {
         tree_.remove("max_graph_depth");
         tracefs_.set_max_graph_depth(1);
       },
       "max_graph_depth", "CONFIG_FUNCTION_GRAPH_TRACER"},
      {[&] {
         tree_.remove("tracing_max_latency");
         static_cast<void>(tracefs_.tracing_max_latency());
       },
       "tracing_max_latency", "CONFIG_SCHED_TRACER"},
      {[&] {
         tree_.remove("saved_tgids");
         static_cast<void>(tracefs_.saved_tgids());
       },
       "saved_tgids", "Linux 4.13"},
  };
  for (const auto& test : cases) {
    try {
      test.action();
      FAIL() << test.feature;
    } catch (const UnsupportedError& error) {
      EXPECT_EQ(error.feature(), test.feature);
      EXPECT_THAT(error.what(), HasSubstr(test.instead));
      EXPECT_THAT(error.path(), HasSubstr(tree_.root()));
    }
  }
}

TEST_F(TraceFsOnATree, ARejectedFunctionFilterNamesPatternAndNearest) {
  files_->verdict = [](FileCall call, std::string_view, std::string_view text) {
    return call == FileCall::write && (text == "vfs_raed\n" || text == "vfs_read:nonsense\n") ? EINVAL : 0;
  };
  try {
    tracefs_.ftrace_filter().set({"vfs_write", "vfs_raed", "schedule"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.action(), "write 'vfs_raed' to");
    EXPECT_EQ(error.path(), tree_.root() + "/set_ftrace_filter");
    EXPECT_THAT(error.hint(), HasSubstr("nearest: vfs_read"));
  }
  try {
    tracefs_.ftrace_filter().add("vfs_read:nonsense");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.hint(), HasSubstr("is the command one of those"));
  }
}

TEST_F(TraceFsOnATree, ARejectionThatCannotBeExplainedPasses) {
  files_->verdict = [](FileCall call, std::string_view path, std::string_view) {
    return call == FileCall::write ? EINVAL : path == "available_filter_functions" ? EPERM : 0;
  };
  try {
    tracefs_.ftrace_filter().set({"vfs_raed"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), std::errc::invalid_argument);
  }
}

TEST_F(TraceFsOnATree, ABusyTracerIsLookedForElsewhere) {
  tree_.put("instances/theirs/current_tracer", "function\n");
  fail_writes("current_tracer", EBUSY);
  try {
    tracefs_.set_current_tracer(Tracer::function);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), std::errc::device_or_resource_busy);
    EXPECT_THAT(error.hint(), testing::AllOf(HasSubstr("trace_pipe"), HasSubstr("instances/theirs/current_tracer")));
  }
}

TEST_F(TraceFsOnATree, EveryErrnoOfAWriteReachesTheCaller) {
  for (const int error : {EACCES, EPERM, EBUSY, EINVAL, ENOSPC, ENOMEM, EIO, ENODEV, EROFS}) {
    fail_writes("tracing_on", error);
    try {
      tracefs_.set_tracing_on(false);
      FAIL() << error;
    } catch (const Error& caught) {
      EXPECT_EQ(caught.code().value(), error);
      EXPECT_EQ(caught.path(), tree_.root() + "/tracing_on");
    }
  }
}

TEST(LocalTraceFiles, TellWhatWasTriedOnWhichFileAndWhatToDo) {
  const FakeTree tree;
  const auto files = local_trace_files(tree.root());
  const struct {
    std::function<void()> action;
    int error;
    const char* message;
  } cases[] = {
      {[&] { static_cast<void>(files->read("snapshot")); }, ENOENT, "CONFIG_TRACER_SNAPSHOT"},
      {[&] { files->write("set_ftrace_notrace_pid", "1\n"); }, ENOENT, "cannot write '1' to"},
      {[&] { files->write("nowhere/at/all", {}); }, ENOENT, "cannot empty"},
      {[&] { static_cast<void>(files->list("instances/gone")); }, ENOENT, "cannot list"},
      {[&] { static_cast<void>(files->open_stream("trace_pope", true)); }, ENOENT, "cannot open"},
      {[&] { files->make_directory("events"); }, EEXIST, "cannot create"},
      {[&] { files->remove_directory("instances/gone"); }, ENOENT, "cannot remove"},
      {[&] { static_cast<void>(files->read("events")); }, EISDIR, "cannot read"},
  };
  for (const auto& test : cases) {
    try {
      test.action();
      FAIL() << test.message;
    } catch (const Error& error) {
      EXPECT_EQ(error.code().value(), test.error);
      EXPECT_THAT(error.what(), HasSubstr(test.message));
      EXPECT_THAT(error.path(), HasSubstr(tree.root()));
    }
  }
}

TEST(LocalTraceFiles, ReadWriteAndList) {
  const FakeTree tree;
  const auto files = local_trace_files(tree.root());
  EXPECT_TRUE(files->exists("events"));
  EXPECT_TRUE(files->is_directory("events"));
  EXPECT_FALSE(files->is_directory("trace"));
  EXPECT_FALSE(files->exists("trace/below"));
  files->write("trace_clock", "mono\n");
  files->append("trace_clock", "boot\n");
  EXPECT_EQ(files->read("trace_clock"), "mono\nboot\n");
  EXPECT_THAT(files->list("per_cpu"), ElementsAre("cpu0", "cpu1"));
  const std::string big(200000, 'x');
  tree.put("trace", big);
  EXPECT_EQ(files->read("trace"), big);
  EXPECT_EQ(files->full_path(""), tree.root());
  const auto stream = files->open_stream("trace_clock", true);
  std::string buffer(100, '\0');
  EXPECT_EQ(stream->read(buffer), 10U);
  EXPECT_EQ(stream->read(buffer), 0U);
  EXPECT_GE(stream->native_handle(), 0);
}

TEST(LocalTraceFiles, AFullDeviceIsAnError) {
  const auto files = local_trace_files("/dev");
  try {
    files->append("full", "text\n");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), std::errc::no_space_on_device);
    EXPECT_EQ(error.action(), "write 'text' to");
  }
}

}  // namespace
}  // namespace fathom
