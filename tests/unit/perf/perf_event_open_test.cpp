#include <fathom/base/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <perf/perf_event_open.hpp>

namespace fathom::perf {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(PerfEventOpen, HintsNameTheRemedy) {
  for (const int denied : {EACCES, EPERM}) {
    EXPECT_THAT(open_hint(denied, 0, 3),
                AllOf(HasSubstr("CAP_PERFMON"), HasSubstr("perf_event_paranoid at most 0, and that is 3")));
    EXPECT_THAT(open_hint(denied, 0, std::nullopt), HasSubstr("perf_event_paranoid at most 0;"));
  }
  EXPECT_THAT(open_hint(ENOENT, 0, {}), HasSubstr("no such event"));
  EXPECT_THAT(open_hint(EINVAL, 0, {}), HasSubstr("attributes"));
  EXPECT_THAT(open_hint(EMFILE, 0, {}), HasSubstr("ulimit -n"));
  EXPECT_THAT(open_hint(ENOSYS, 0, {}), HasSubstr("CONFIG_PERF_EVENTS"));
  EXPECT_THAT(open_hint(ENODEV, 0, {}), HasSubstr("not online"));
  EXPECT_THAT(open_hint(EIO, 0, {}), IsEmpty());
}

TEST(PerfEventOpen, ParanoidIsReadWhereItIsSaid) {
  const auto proc = std::filesystem::temp_directory_path() / "fathom_perf_event_open_test";
  std::filesystem::create_directories(proc / "sys/kernel");
  std::ofstream(proc / "sys/kernel/perf_event_paranoid") << "-1\n";
  EXPECT_EQ(read_paranoid(proc), -1);
  std::filesystem::remove_all(proc);
  EXPECT_EQ(read_paranoid(proc), std::nullopt);
}

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
