#include "fake_tree.hpp"

#include <fathom/tracefs/state_journal.hpp>
#include <fathom/tracefs/trace_fs.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <sys/wait.h>

#include <csignal>
#include <string>
#include <utility>
#include <vector>

namespace fathom {
namespace {

using testing::HasSubstr;

class StateJournalOnATree : public testing::Test {
 protected:
  ~StateJournalOnATree() override { std::filesystem::remove_all(options_.directory); }

  // As a process does that is killed with the journal open.
  template <typename Action>
  void die_after(Action action) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      StateJournal journal(files_, options_);
      action(journal);
      ::raise(SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    ASSERT_TRUE(WIFSIGNALED(status));
  }
  [[nodiscard]] std::string journal_path() const { return options_.directory + "/top-level.journal"; }
  [[nodiscard]] std::string journal_text() const {
    std::ifstream file(journal_path());
    return {std::istreambuf_iterator<char>(file), {}};
  }

  FakeTree tree_;
  std::shared_ptr<FaultyTraceFiles> files_ = std::make_shared<FaultyTraceFiles>(local_trace_files(tree_.root()));
  StateJournalOptions options_{.directory = testing::TempDir() + "fathom-journal-" + std::to_string(::getpid())};
};

TEST_F(StateJournalOnATree, PutsBackWhatWasWrittenThroughIt) {
  {
    StateJournal journal(files_, options_);
    TraceArray top(journal.files(), "");
    top.set_tracing_on(false);
    top.set_trace_clock(TraceClock::mono);
    top.set_option("overwrite", false);
    top.set_option("overwrite", true);
    top.set_option("overwrite", false);
    EXPECT_EQ(tree_.get("trace_clock"), "mono\n");
    tree_.put("trace_clock", "local global counter [mono] x86-tsc\n");
  }
  EXPECT_EQ(tree_.get("tracing_on"), "1\n");
  EXPECT_EQ(tree_.get("trace_clock"), "local\n");
  EXPECT_EQ(tree_.get("options/overwrite"), "1\n");
  EXPECT_FALSE(std::filesystem::exists(options_.directory));
}

TEST_F(StateJournalOnATree, WritesOnlyWhatDiffers) {
  StateJournal journal(files_, options_);
  journal.files()->write("max_graph_depth", "5\n");
  journal.files()->write("max_graph_depth", "0\n");
  files_->written.clear();
  journal.restore();
  EXPECT_THAT(files_->written, testing::IsEmpty());
}

TEST_F(StateJournalOnATree, TakesTheTracerBackToNopBeforeTheFilters) {
  tree_.put("current_tracer", "function\n");
  tree_.put("set_ftrace_pid", "7\n");
  StateJournal journal(files_, options_);
  TraceArray top(journal.files(), "");
  top.set_current_tracer(Tracer::function_graph);
  top.ftrace_pids().set({8});
  files_->written.clear();
  journal.restore();
  EXPECT_THAT(files_->written, testing::ElementsAre("tracing_on 0", "current_tracer nop", "set_ftrace_pid 7",
                                                    "current_tracer function", "tracing_on 1"));
}

TEST_F(StateJournalOnATree, LeavesSomebodysTracerAloneForAnOption) {
  tree_.put("current_tracer", "function\n");
  StateJournal journal(files_, options_);
  journal.files()->write("options/overwrite", "0\n");
  files_->written.clear();
  journal.restore();
  EXPECT_THAT(files_->written, testing::ElementsAre("options/overwrite 1"));
}

TEST_F(StateJournalOnATree, TheNextRunPutsBackWhatAKilledOneLeft) {
  die_after([](StateJournal& journal) {
    journal.files()->write("tracing_on", "0\n");
    journal.files()->write("max_graph_depth", "9\n");
  });
  EXPECT_EQ(tree_.get("max_graph_depth"), "9\n");
  StateJournal next(files_, options_);
  EXPECT_EQ(tree_.get("max_graph_depth"), "0\n");
  EXPECT_EQ(tree_.get("tracing_on"), "1\n");
}

// Killed before the first write of putting back, before the second, ..., and before the journal is removed.
TEST_F(StateJournalOnATree, TheNextRunGoesOnWhereAKilledRestorationStopped) {
  const std::vector<std::pair<std::string, std::string>> before{{"current_tracer", "function\n"},
                                                                {"set_ftrace_pid", "7\n"},
                                                                {"max_graph_depth", "3\n"},
                                                                {"options/overwrite", "1\n"},
                                                                {"tracing_on", "1\n"}};
  for (const auto& [file, text] : before)
    tree_.put(file, text);
  int deaths = 0;
  for (bool killed = true; killed; deaths += killed ? 1 : 0) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      StateJournal journal(files_, options_);
      TraceArray top(journal.files(), "");
      top.set_tracing_on(false);
      top.set_current_tracer(Tracer::function_graph);
      top.ftrace_pids().set({8});
      journal.files()->write("max_graph_depth", "9\n");
      top.set_option("overwrite", false);
      files_->verdict = [left = deaths](FileCall call, std::string_view, std::string_view) mutable {
        if (call == FileCall::write && left-- == 0)
          ::raise(SIGKILL);
        return 0;
      };
      journal.restore();
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    killed = WIFSIGNALED(status);

    StateJournal::recover(files_, options_);
    for (const auto& [file, text] : before)
      ASSERT_EQ(tree_.get(file), text) << file << ", killed before write " << deaths;
    ASSERT_FALSE(std::filesystem::exists(options_.directory)) << "killed before write " << deaths;
  }
  EXPECT_GE(deaths, 5) << "one at least for each setting";
}

TEST_F(StateJournalOnATree, RecoverPutsBackAndLeavesNothing) {
  die_after([](StateJournal& journal) { journal.files()->write("max_graph_depth", "9\n"); });
  EXPECT_TRUE(StateJournal::recover(files_, options_));
  EXPECT_EQ(tree_.get("max_graph_depth"), "0\n");
  EXPECT_FALSE(std::filesystem::exists(options_.directory));
  EXPECT_TRUE(StateJournal::recover(files_, options_)) << "nothing to do";
}

TEST_F(StateJournalOnATree, SavesBeforeItWrites) {
  std::string at_write;
  files_->verdict = [&](FileCall call, std::string_view, std::string_view) {
    if (call == FileCall::write)
      at_write = journal_text();
    return 0;
  };
  StateJournal journal(files_, options_);
  journal.files()->write("max_graph_depth", "9\n");
  EXPECT_THAT(at_write, HasSubstr("max_graph_depth0\n"));
}

TEST_F(StateJournalOnATree, ASecondOneIsBusy) {
  StateJournal journal(files_, options_);
  try {
    StateJournal second(files_, options_);
    FAIL();
  } catch (const BusyError& error) {
    EXPECT_EQ(error.pid(), ::getpid());
    EXPECT_EQ(error.code(), std::errc::device_or_resource_busy);
    EXPECT_THAT(error.what(), HasSubstr("in use by pid " + std::to_string(::getpid())));
  }
  EXPECT_FALSE(StateJournal::recover(files_, options_));
}

TEST_F(StateJournalOnATree, ACutJournalIsBelievedUpToTheCut) {
  die_after([](StateJournal& journal) {
    journal.files()->write("max_graph_depth", "9\n");
    journal.files()->write("tracing_thresh", "9\n");
  });
  const std::string whole = journal_text();
  const std::size_t first_end = whole.find("max_graph_depth0\n\n") + 18;
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    tree_.put("max_graph_depth", "9\n");
    tree_.put("tracing_thresh", "9\n");
    std::filesystem::create_directory(options_.directory);
    std::filesystem::permissions(options_.directory, std::filesystem::perms::owner_all);
    std::ofstream(journal_path(), std::ios::trunc) << whole.substr(0, size);
    EXPECT_TRUE(StateJournal::recover(files_, options_));
    EXPECT_EQ(tree_.get("max_graph_depth"), size >= first_end ? "0\n" : "9\n") << size;
    EXPECT_EQ(tree_.get("tracing_thresh"), size == whole.size() ? "0\n" : "9\n") << size;
  }
}

TEST_F(StateJournalOnATree, ADamagedJournalIsNotBelieved) {
  die_after([](StateJournal& journal) { journal.files()->write("max_graph_depth", "9\n"); });
  const std::string whole = journal_text();
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    tree_.put("max_graph_depth", "9\n");
    std::filesystem::create_directory(options_.directory);
    std::ofstream(journal_path(), std::ios::trunc) << damaged;
    EXPECT_TRUE(StateJournal::recover(files_, options_));
    EXPECT_EQ(tree_.get("max_graph_depth"), "9\n") << "byte " << i << " of " << damaged;
  }
}

TEST_F(StateJournalOnATree, AnotherBootIsForgotten) {
  const FakeTree proc;
  std::filesystem::create_symlink("/proc/self", proc.root() + "/self");
  proc.put("sys/kernel/random/boot_id", "one\n");
  options_.proc = proc.root();
  die_after([](StateJournal& journal) { journal.files()->write("max_graph_depth", "9\n"); });
  proc.put("sys/kernel/random/boot_id", "two\n");
  EXPECT_TRUE(StateJournal::recover(files_, options_));
  EXPECT_EQ(tree_.get("max_graph_depth"), "9\n");
}

TEST_F(StateJournalOnATree, WhatIsGoneForGoodIsGivenUp) {
  die_after([](StateJournal& journal) {
    journal.files()->write("tracing_thresh", "9\n");
    journal.files()->write("max_graph_depth", "9\n");
  });
  tree_.remove("max_graph_depth");
  EXPECT_TRUE(StateJournal::recover(files_, options_));
  EXPECT_EQ(tree_.get("tracing_thresh"), "0\n");
  EXPECT_FALSE(std::filesystem::exists(journal_path()));
}

TEST_F(StateJournalOnATree, WhatIsInTheWayIsTriedAgain) {
  die_after([](StateJournal& journal) {
    journal.files()->write("tracing_thresh", "9\n");
    journal.files()->write("max_graph_depth", "9\n");
  });
  files_->verdict = [](FileCall call, std::string_view path, std::string_view) {
    return call == FileCall::write && path == "max_graph_depth" ? EACCES : 0;
  };
  EXPECT_THROW(StateJournal::recover(files_, options_), Error);
  EXPECT_EQ(tree_.get("tracing_thresh"), "0\n") << "the others go back all the same";
  files_->verdict = nullptr;
  EXPECT_TRUE(StateJournal::recover(files_, options_));
  EXPECT_EQ(tree_.get("max_graph_depth"), "0\n");
}

TEST_F(StateJournalOnATree, DistrustsWhatOthersCanTamperWith) {
  namespace fs = std::filesystem;
  fs::create_directory(options_.directory);
  const auto expect_refusal = [&](const char* what) {
    try {
      StateJournal journal(files_, options_);
      FAIL() << what;
    } catch (const Error& error) {
      EXPECT_THAT(error.hint(), HasSubstr(what));
    }
  };
  fs::permissions(options_.directory, fs::perms::all);
  expect_refusal("others can write to it");
  fs::permissions(options_.directory, fs::perms::owner_all);
  fs::create_symlink(tree_.root() + "/tracing_on", journal_path());
  expect_refusal("symbolic link");
  EXPECT_EQ(tree_.get("tracing_on"), "1\n");
  fs::remove(journal_path());
  ASSERT_EQ(::mkfifo(journal_path().c_str(), 0600), 0);
  expect_refusal("no regular file");
  fs::remove_all(options_.directory);
  fs::create_directory_symlink(tree_.root(), options_.directory);
  expect_refusal("symbolic link");
  fs::remove(options_.directory);
  options_.directory = "/nowhere/at/all";
  expect_refusal("the journal's directory is a parameter");
}

TEST_F(StateJournalOnATree, IsOnlyForTheTopLevelAndForSettings) {
  tree_.put("instances/x/tracing_on", "0\n");
  StateJournal journal(files_, options_);
  journal.files()->write("instances/x/tracing_on", "1\n");
  journal.files()->write("trace_marker", "text\n");
  journal.files()->write("trace", {});
  journal.restore();
  EXPECT_EQ(tree_.get("instances/x/tracing_on"), "1\n");
  EXPECT_EQ(tree_.get("trace_marker"), "text\n");
}

TEST_F(StateJournalOnATree, KnowsWhatIsReadOtherwiseThanWritten) {
  const struct {
    const char* file;
    const char* before;
    const char* changed;  // what the kernel would show by then
    std::vector<std::string> written;
  } cases[] = {
      {"set_ftrace_filter", "#### all functions enabled ####\n", "vfs_read\n", {}},
      {"set_ftrace_filter",
       "vfs_read\next4_file_open [ext4]\n",
       "schedule\n",
       {"set_ftrace_filter ext4_file_open", "set_ftrace_filter vfs_read"}},
      {"set_ftrace_filter",
       "schedule:traceoff:count=3\nvfs_read:stacktrace:unlimited\n",
       "vfs_write:snapshot:unlimited\n",
       {"set_ftrace_filter !vfs_write:snapshot", "set_ftrace_filter schedule:traceoff:3",
        "set_ftrace_filter vfs_read:stacktrace"}},
      {"set_ftrace_filter", "schedule:traceoff:count=3\n", "schedule:traceoff:count=1\n", {}},
      {"set_ftrace_filter", "*:mod:xfs\n", "*:mod:xfs\nvfs_read\n", {"set_ftrace_filter *:mod:xfs"}},
      {"set_graph_notrace", "vfs_read\n", "#### no functions disabled ####\n", {"set_graph_notrace vfs_read"}},
      {"set_ftrace_pid", "1\n99999\n", "5\n", {"set_ftrace_pid 1"}},
      {"buffer_size_kb", "7 (expanded: 1408)\n", "64\n", {"buffer_size_kb 1408"}},
      {"buffer_size_kb", "7 (expanded: 1408)\n", "1408\n", {}},
      {"trace_clock", "local [mono]\n", "[local] mono\n", {"trace_clock mono"}},
      {"trace_options",
       "nooverwrite\nprint-parent\nsym-offset\n",
       "overwrite\nprint-parent\nsym-offset\n",
       {"options/overwrite 0"}},
      {"set_event",
       "sched:sched_switch\n",
       "sched:sched_switch\nirq:irq_handler_entry\n",
       {"set_event !irq:irq_handler_entry"}},
      {"events/sched/sched_switch/enable", "1*\n", "0\n", {"events/sched/sched_switch/enable 1"}},
      {"events/sched/sched_switch/filter", "none\n", "prev_pid == 1\n", {"events/sched/sched_switch/filter 0"}},
      {"events/sched/sched_switch/trigger",
       "# Available triggers:\n# traceon\n",
       "stacktrace:unlimited\nhist:keys=pid:vals=hitcount:sort=hitcount:size=2048 [active]\n",
       {"events/sched/sched_switch/trigger !stacktrace",
        "events/sched/sched_switch/trigger !hist:keys=pid:vals=hitcount:sort=hitcount:size=2048"}},
  };
  for (const auto& test : cases) {
    tree_.put(test.file, test.before);
    StateJournal journal(files_, options_);
    journal.save(test.file);
    tree_.put(test.file, test.changed);
    files_->written.clear();
    journal.restore();
    EXPECT_EQ(files_->written, test.written) << test.file << ' ' << test.before;
  }
}

TEST_F(StateJournalOnATree, SizesThatDifferGoBackCpuByCpu) {
  tree_.put("buffer_size_kb", "X\n");
  tree_.put("per_cpu/cpu1/buffer_size_kb", "64\n");
  StateJournal journal(files_, options_);
  journal.files()->write("buffer_size_kb", "512\n");
  for (const char* file : {"buffer_size_kb", "per_cpu/cpu0/buffer_size_kb", "per_cpu/cpu1/buffer_size_kb"})
    tree_.put(file, "512\n");
  journal.restore();
  EXPECT_EQ(tree_.get("per_cpu/cpu0/buffer_size_kb"), "1408\n");
  EXPECT_EQ(tree_.get("per_cpu/cpu1/buffer_size_kb"), "64\n");
}

}  // namespace
}  // namespace fathom
