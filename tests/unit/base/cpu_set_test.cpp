#include <fathom/base/cpu_set.hpp>
#include <fathom/base/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fathom {
namespace {

using testing::ElementsAre;

TEST(CpuSet, ReadsLists) {
  EXPECT_THAT(CpuSet::parse_list("0-3,8\n").cpus(), ElementsAre(0, 1, 2, 3, 8));
  EXPECT_THAT(CpuSet::parse_list(" 5 ").cpus(), ElementsAre(5));
  EXPECT_TRUE(CpuSet::parse_list("").empty());
}

TEST(CpuSet, RefusesWhatIsNoList) {
  for (const char* text : {"a", "1-", "-1", "3-1", "1,", ",1", "1 2", "0-99999999999", "70000"})
    EXPECT_THROW((void)CpuSet::parse_list(text), Error) << text;
}

TEST(CpuSet, ReadsMasks) {
  EXPECT_THAT(CpuSet::parse_mask("5\n").cpus(), ElementsAre(0, 2));
  EXPECT_THAT(CpuSet::parse_mask("1,00000001").cpus(), ElementsAre(0, 32));
  EXPECT_TRUE(CpuSet::parse_mask("00000000,00000000").empty());
  for (const char* text : {"", "g", "1,", "123456789"})
    EXPECT_THROW((void)CpuSet::parse_mask(text), Error) << text;
}

TEST(CpuSet, PrintsBothNotations) {
  const CpuSet cpus{0, 1, 2, 7, 33};
  EXPECT_EQ(cpus.list(), "0-2,7,33");
  EXPECT_EQ(cpus.mask(), "2,00000087");
  EXPECT_EQ(CpuSet{}.list(), "");
  EXPECT_EQ(CpuSet{}.mask(), "0");
  EXPECT_EQ(CpuSet::parse_mask(cpus.mask()), cpus);
  EXPECT_EQ(CpuSet::parse_list(cpus.list()), cpus);
}

TEST(CpuSet, ErasingTheHighestMakesEqualSetsEqual) {
  CpuSet cpus{1, 100};
  cpus.erase(100);
  cpus.erase(55);
  EXPECT_EQ(cpus, CpuSet{1});
  EXPECT_EQ(cpus.size(), 1U);
  EXPECT_FALSE(cpus.contains(100));
}

TEST(CpuSet, OnlineCpusAreAmongThePossible) {
  const CpuSet possible = CpuSet::possible();
  const CpuSet online = CpuSet::online();
  ASSERT_FALSE(online.empty());
  for (const unsigned cpu : online.cpus())
    EXPECT_TRUE(possible.contains(cpu)) << cpu;
}

TEST(CpuSet, SaysWhichFileIsMissing) {
  try {
    (void)CpuSet::online("/nowhere");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.path(), "/nowhere/devices/system/cpu/online");
  }
}

}  // namespace
}  // namespace fathom
