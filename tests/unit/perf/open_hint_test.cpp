#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <linux/perf_event.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <perf/open_hint.hpp>
#include <string>

namespace fathom::perf {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class OpenHint : public ::testing::Test {
 protected:
  void SetUp() override {
    write("proc/sys/kernel/perf_event_paranoid", "3\n");
    write("proc/sys/kernel/perf_event_max_sample_rate", "5000\n");
    write("proc/sys/kernel/perf_event_max_stack", "127\n");
    write("sys/devices/system/cpu/online", "0-1,4\n");
    attr_.type = PERF_TYPE_SOFTWARE;
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  [[nodiscard]] std::string hint(int error, Target target = {}) const {
    const Purpose purpose{.what = "it", .paranoid = 0, .proc = root_ / "proc", .sys = root_ / "sys"};
    return open_hint({.errno_value = error, .attr = attr_, .target = target, .purpose = purpose});
  }

  perf_event_attr attr_{};
  std::filesystem::path root_ =
      std::filesystem::temp_directory_path() / ("fathom_open_hint_test_" + std::to_string(::getpid()));

 private:
  void write(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
};

TEST_F(OpenHint, NamesTheRightsAndWhatToSet) {
  for (const int denied : {EACCES, EPERM}) {
    EXPECT_THAT(hint(denied), AllOf(HasSubstr("CAP_PERFMON"), HasSubstr("perf_event_paranoid at most 0, and that is 3"),
                                    Not(HasSubstr("PTRACE"))));
    EXPECT_THAT(hint(denied), HasSubstr("Debian's kernels want CAP_SYS_ADMIN"));
    EXPECT_THAT(hint(denied, {.pid = 12}), HasSubstr("CAP_SYS_PTRACE"));
  }
  std::ofstream(root_ / "proc/sys/kernel/perf_event_paranoid") << "2\n";
  EXPECT_THAT(hint(EPERM), AllOf(HasSubstr("that is 2;"), Not(HasSubstr("Debian"))));
  std::filesystem::remove_all(root_ / "proc");
  EXPECT_THAT(hint(EPERM), HasSubstr("perf_event_paranoid at most 0;"));
}

TEST_F(OpenHint, WithoutAPmuNamesWhatAlwaysWorks) {
  for (const std::uint32_t type : {PERF_TYPE_HARDWARE, PERF_TYPE_HW_CACHE, PERF_TYPE_RAW}) {
    attr_.type = type;
    EXPECT_THAT(hint(ENOENT), AllOf(HasSubstr("no PMU"), HasSubstr("cpu-clock"), HasSubstr("page-faults")));
  }
  attr_.type = PERF_TYPE_SOFTWARE;
  EXPECT_THAT(hint(ENOENT), AllOf(Not(HasSubstr("PMU")), HasSubstr("no such event")));
}

TEST_F(OpenHint, AFrequencyAboveTheLimitNamesTheLimit) {
  attr_.freq = 1;
  attr_.sample_freq = 5001;
  EXPECT_THAT(hint(EINVAL), HasSubstr("5001 Hz is more than kernel.perf_event_max_sample_rate, and that is 5000"));
  attr_.sample_freq = 5000;
  EXPECT_THAT(hint(EINVAL), HasSubstr("attributes"));
}

TEST_F(OpenHint, NamesWhatIsKnownOfTheRest) {
  EXPECT_THAT(hint(ENODEV), AllOf(HasSubstr("not online"), HasSubstr("online are 0-1,4")));
  EXPECT_THAT(hint(EOVERFLOW), HasSubstr("perf_event_max_stack, and that is 127"));
  EXPECT_THAT(hint(ESRCH), HasSubstr("has ended"));
  EXPECT_THAT(hint(EBADF), HasSubstr("cgroup"));
  EXPECT_THAT(hint(ENOENT, {.pid = 3, .cgroup = true}), HasSubstr("cgroup.subtree_control"));
  EXPECT_THAT(hint(EMFILE), HasSubstr("ulimit -n"));
  EXPECT_THAT(hint(ENOSYS), HasSubstr("CONFIG_PERF_EVENTS"));
  EXPECT_THAT(hint(EBUSY), HasSubstr("another event"));
  EXPECT_THAT(hint(EIO), IsEmpty());
  attr_.type = PERF_TYPE_BREAKPOINT;
  for (const int full : {EBUSY, ENOSPC})
    EXPECT_THAT(hint(full), HasSubstr("all in use"));
  EXPECT_THAT(hint(EINVAL), HasSubstr("multiple of its length"));
  attr_.type = PERF_TYPE_HARDWARE;
  attr_.sample_period = 1;
  EXPECT_THAT(hint(EOPNOTSUPP), AllOf(HasSubstr("counted but not sampled"), HasSubstr("task-clock")));
  attr_.sample_period = 0;
  attr_.inherit = 1;
  attr_.read_format = PERF_FORMAT_GROUP;
  EXPECT_THAT(hint(EINVAL), HasSubstr("4.13"));
}

TEST_F(OpenHint, ReadsNumbersOrNothing) {
  EXPECT_EQ(read_sysctl(root_ / "proc", "perf_event_paranoid"), 3);
  EXPECT_EQ(read_sysctl(root_ / "proc", "perf_event_nothing"), std::nullopt);
}

}  // namespace
}  // namespace fathom::perf
