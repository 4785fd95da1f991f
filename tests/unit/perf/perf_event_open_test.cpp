#include <fathom/base/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <perf/perf_event_open.hpp>

namespace fathom::perf {
namespace {

using ::testing::HasSubstr;

TEST(PerfEventOpen, AFailureSaysWhatAndWhere) {
  perf_event_attr attr{};
  attr.size = sizeof attr;
  attr.type = PERF_TYPE_SOFTWARE;
  attr.config = PERF_COUNT_SW_DUMMY;
  try {
    (void)open_event(attr, {.pid = -1, .cpu = 65000}, {.what = "the event of kernel symbols", .paranoid = 0});
    FAIL() << "there is no such CPU";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("cannot open the event of kernel symbols on CPU 65000: "));
  }
}

}  // namespace
}  // namespace fathom::perf
