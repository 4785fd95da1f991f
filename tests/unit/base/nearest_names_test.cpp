#include <fathom/base/nearest_names.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fathom {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> nearest(std::string_view pattern, std::size_t count = 3) {
  NearestNames names(pattern, count);
  for (const char* name :
       {"vfs_read", "vfs_readv", "vfs_write", "__x64_sys_openat", "schedule", "vfs_read", "do_nothing"})
    names.offer(name);
  return names.names();
}

TEST(NearestNames, BestFirstAndOnce) {
  EXPECT_THAT(nearest("vfs_reab"), ElementsAre("vfs_read", "vfs_readv"));
  EXPECT_THAT(nearest("vfs_reab", 1), ElementsAre("vfs_read"));
  EXPECT_THAT(nearest("shedule"), ElementsAre("schedule"));
}

TEST(NearestNames, WhatHangsOverCostsLittle) {
  EXPECT_THAT(nearest("sys_openat"), ElementsAre("__x64_sys_openat"));
}

TEST(NearestNames, GlobsAreTakenWithoutTheirMarks) {
  EXPECT_THAT(nearest("*openat*"), ElementsAre("__x64_sys_openat"));
}

TEST(NearestNames, NothingIsNear) {
  EXPECT_THAT(nearest("zzzzzzzzzzzz"), IsEmpty());
  EXPECT_THAT(nearest(""), IsEmpty());
  EXPECT_THAT(nearest("vfs_read", 0), IsEmpty());
}

}  // namespace
}  // namespace fathom
