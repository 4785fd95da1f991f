#include "fake_event_files.hpp"

#include <fathom/tracefs/histogram.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace fathom {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kFolder = "events/sched/sched_waking/";
const std::string kOther = "hist:keys=prio:vals=hitcount:sort=hitcount:size=2048";
const std::string kOurs = "hist:keys=pid:vals=hitcount,prio:sort=hitcount:size=2048 if pid > 1";

std::string table(const std::string& trigger, const std::string& entry) {
  return "# event histogram\n#\n# trigger info: " + trigger + " [active]\n#\n\n" + entry +
         "\nTotals:\n    Hits: 1\n    Entries: 1\n    Dropped: 0\n";
}

// A kernel where somebody else has a histogram on the same event already.
std::shared_ptr<FakeEventFiles> make_files() {
  auto files = std::make_shared<FakeEventFiles>();
  files->keeps_writes = false;
  files->texts[kFolder + "enable"] = "0\n";
  files->texts[kFolder + "trigger"] = kOther + " [active]\n";
  files->texts[kFolder + "hist"] = table(kOther, "{ prio:        120 } hitcount:          1\n");
  files->verdict = [&texts = files->texts](const FakeEventFiles::Write& write) {
    if (write.text.starts_with("hist:keys=pid:vals=prio") && write.text.find(":clear") == std::string::npos) {
      texts[kFolder + "trigger"] = kOurs + " [active]\n" + kOther + " [active]\n";
      texts[kFolder + "hist"] = table(kOurs, "{ pid:         12 } hitcount:          1  prio:        120\n") + "\n\n" +
                                table(kOther, "{ prio:        120 } hitcount:          1\n");
    }
    return 0;
  };
  files->texts["trace_clock"] = "[local] global counter mono\n";
  return files;
}

TEST(Histogram, FindsItsOwnTableAndTakesItsTriggerAway) {
  const auto files = make_files();
  {
    Histogram histogram({files, {}, {"sched", "sched_waking"}},
                        {.keys = {{"pid"}}, .values = {{"prio"}}, .filter = "pid > 1"});
    const HistTable read = histogram.read();
    EXPECT_EQ(read.trigger, kOurs);
    ASSERT_EQ(read.entries.size(), 1U);
    EXPECT_EQ(read.entries[0].keys[0].number, 12U);
    EXPECT_EQ(read.entries[0].value("prio"), 120U);
    histogram.clear();
    Histogram moved = std::move(histogram);
    EXPECT_EQ(moved.read().trigger, kOurs);
  }
  EXPECT_THAT(files->written_to(kFolder + "trigger"),
              ElementsAre("hist:keys=pid:vals=prio if pid > 1\n", "hist:keys=pid:vals=prio:clear if pid > 1\n",
                          "!hist:keys=pid:vals=prio if pid > 1\n"));
}

TEST(Histogram, PutsTheClockBackThatTheKernelChanged) {
  const auto files = make_files();
  const auto set_clock = files->verdict;
  files->verdict = [&](const FakeEventFiles::Write& write) {
    if (write.text.starts_with("hist:"))
      files->texts["trace_clock"] = "local [global] counter mono\n";
    return set_clock(write);
  };
  {
    const Histogram histogram({files, {}, {"sched", "sched_waking"}}, {.keys = {{"pid"}}, .values = {{"prio"}}});
  }
  EXPECT_THAT(files->written_to("trace_clock"), ElementsAre("local\n"));
  files->texts["trace_clock"] = "[local] global counter mono\n";
  {
    const Histogram histogram({files, {}, {"sched", "sched_waking"}}, {.keys = {{"pid"}}, .values = {{"prio"}}});
    files->texts["trace_clock"] = "local global counter [mono]\n";  // somebody's choice since
  }
  EXPECT_THAT(files->written_to("trace_clock"), ElementsAre("local\n"));
}

TEST(Histogram, SaysIfItsTriggerIsGone) {
  const auto files = make_files();
  Histogram histogram({files, {}, {"sched", "sched_waking"}}, {.keys = {{"pid"}}, .values = {{"prio"}}});
  files->texts[kFolder + "hist"] = table(kOther, "{ prio:        120 } hitcount:          1\n");
  try {
    (void)histogram.read();
    FAIL() << "no Error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), std::errc::no_such_file_or_directory);
    EXPECT_THAT(error.hint(), HasSubstr("taken away"));
  }
  files->verdict = [](const FakeEventFiles::Write&) { return EBUSY; };
  EXPECT_THROW(histogram.remove(), Error);
  EXPECT_THROW(histogram.pause(), Error);
}

TEST(Histogram, NeedsHistTriggers) {
  const auto files = make_files();
  files->texts.erase(kFolder + "hist");
  try {
    const Histogram histogram({files, {}, {"sched", "sched_waking"}}, {.keys = {{"pid"}}});
    FAIL() << "no Error";
  } catch (const UnsupportedError& error) {
    EXPECT_EQ(error.feature(), "hist triggers");
    EXPECT_THAT(error.hint(), HasSubstr("CONFIG_HIST_TRIGGERS"));
  }
  EXPECT_TRUE(files->writes.empty());
}

}  // namespace
}  // namespace fathom
