#include <fathom/base/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <perf/cpu_follower.hpp>
#include <string>
#include <vector>

namespace fathom::perf {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using What = PerfCpuChange::What;

// A /sys that says which CPUs are online, and events on them that exist in this test only.
class CpuFollowerTest : public ::testing::Test {
 protected:
  CpuFollowerTest()
      : sys_(std::filesystem::temp_directory_path() / ("fathom_cpu_follower_test." + std::to_string(::getpid()))) {
    std::filesystem::create_directories(sys_ / "devices/system/cpu");
  }
  ~CpuFollowerTest() override { std::filesystem::remove_all(sys_); }

  void set_online(const std::string& list) { std::ofstream(sys_ / "devices/system/cpu/online") << list << '\n'; }
  CpuFollower follower(const PerfScope& scope) { return {scope, sys_}; }
  std::vector<PerfCpuChange> follow(CpuFollower& follower) {
    return follower.follow({
        .cpus = open_,
        .listens = [this](unsigned cpu) { return !deaf_.contains(cpu); },
        .leave = [this](unsigned cpu) { open_.erase(cpu); },
        .join =
            [this](unsigned cpu) {
              if (refused_ != std::errc{})
                throw Error(refused_, "open an event");
              open_.insert(cpu);
              deaf_.erase(cpu);
            },
    });
  }

  std::filesystem::path sys_;
  CpuSet open_{0, 1};
  CpuSet deaf_;
  std::errc refused_{};
};

TEST_F(CpuFollowerTest, JoinsWhatCameAndLeavesWhatWent) {
  CpuFollower all = follower(OnlineCpus{});
  set_online("0-1");
  EXPECT_THAT(follow(all), IsEmpty());
  set_online("0,3");
  EXPECT_THAT(follow(all), ElementsAre(PerfCpuChange{What::cpu_went, 1}, PerfCpuChange{What::cpu_came, 3}));
  EXPECT_EQ(open_, (CpuSet{0, 3}));
  EXPECT_THAT(follow(all), IsEmpty());
}

TEST_F(CpuFollowerTest, OneThatWentAndCameBackIsFound) {
  CpuFollower all = follower(OnlineCpus{});
  set_online("0-1");
  deaf_.insert(0);
  EXPECT_THAT(follow(all), ElementsAre(PerfCpuChange{What::cpu_went, 0}, PerfCpuChange{What::cpu_came, 0}));
  EXPECT_EQ(open_, (CpuSet{0, 1}));
}

TEST_F(CpuFollowerTest, OfASetNoOtherIsJoined) {
  CpuFollower set = follower(CpuSet{0, 1});
  set_online("0,2-7");
  EXPECT_THAT(follow(set), ElementsAre(PerfCpuChange{What::cpu_went, 1}));
  set_online("0-7");
  EXPECT_THAT(follow(set), ElementsAre(PerfCpuChange{What::cpu_came, 1}));
}

TEST_F(CpuFollowerTest, WhatCannotBeOpenedIsToldOnceAndTriedAgain) {
  CpuFollower all = follower(OnlineCpus{});
  set_online("0-2");
  refused_ = std::errc::too_many_files_open;
  EXPECT_THAT(follow(all), ElementsAre(PerfCpuChange{What::cpu_unwatched, 2}));
  EXPECT_THAT(follow(all), IsEmpty());
  refused_ = {};
  EXPECT_THAT(follow(all), ElementsAre(PerfCpuChange{What::cpu_came, 2}));
  // One that went again meanwhile is none that came.
  open_.erase(2);
  refused_ = std::errc::no_such_device;
  EXPECT_THAT(follow(all), IsEmpty());
}

TEST_F(CpuFollowerTest, ACgroupSaysWhichCpusAreIts) {
  set_online("0-2");
  CpuFollower some = follower(PerfCgroup{"/c", CpuSet{0, 1}});
  EXPECT_THAT(follow(some), IsEmpty());
  CpuFollower all = follower(PerfCgroup{"/c"});
  EXPECT_THAT(follow(all), ElementsAre(PerfCpuChange{What::cpu_came, 2}));
}

TEST_F(CpuFollowerTest, NobodyElseHasCpusThatAreFollowed) {
  set_online("5");
  for (const PerfScope& scope : {PerfScope(PerfThread{1}), PerfScope(PerfProcess{1})}) {
    CpuFollower none = follower(scope);
    EXPECT_FALSE(none.follows());
    EXPECT_THAT(follow(none), IsEmpty());
  }
  EXPECT_EQ(open_, (CpuSet{0, 1}));
}

TEST_F(CpuFollowerTest, WhereTheListCannotBeReadAllStaysAsItIs) {
  CpuFollower all = follower(OnlineCpus{});
  EXPECT_THAT(follow(all), IsEmpty());
  EXPECT_EQ(open_, (CpuSet{0, 1}));
}

}  // namespace
}  // namespace fathom::perf
