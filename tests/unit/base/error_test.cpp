#include <fathom/base/error.hpp>

#include <gtest/gtest.h>

#include <cerrno>

namespace fathom {
namespace {

TEST(Error, SaysWhatWhereWhyAndTheRemedy) {
  const Error error(EACCES, "write 'nop' to", "/t/current_tracer", "run as root");
  EXPECT_STREQ(error.what(), "cannot write 'nop' to /t/current_tracer: Permission denied (run as root)");
  EXPECT_EQ(error.action(), "write 'nop' to");
  EXPECT_EQ(error.path(), "/t/current_tracer");
  EXPECT_EQ(error.hint(), "run as root");
  EXPECT_EQ(error.code(), std::errc::permission_denied);
}

TEST(Error, LeavesOutWhatItDoesNotKnow) {
  EXPECT_STREQ(Error(std::errc::invalid_argument, "read it").what(), "cannot read it: Invalid argument");
}

TEST(Error, CopiesKeepTheText) {
  const Error copy = [] {
    const Error original(ENOENT, "open", "/x");
    return Error(original);
  }();
  EXPECT_STREQ(copy.what(), "cannot open /x: No such file or directory");
}

TEST(UnsupportedError, NamesTheFeatureAndWhatThereIs) {
  const UnsupportedError error("tracer hwlat", "/t/available_tracers", "this kernel has: function nop");
  EXPECT_EQ(error.feature(), "tracer hwlat");
  EXPECT_EQ(error.code(), std::errc::not_supported);
  EXPECT_STREQ(
      error.what(),
      "cannot use tracer hwlat in /t/available_tracers: Operation not supported (this kernel has: function nop)");
}

}  // namespace
}  // namespace fathom
