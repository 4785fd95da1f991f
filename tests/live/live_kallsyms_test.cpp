#include "bpf_program.hpp"
#include "kernel_module.hpp"
#include "unprivileged.hpp"

#include <fathom/base/error.hpp>
#include <fathom/symbols/live_kallsyms.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

namespace fathom::live {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// As a program's loop does it, until the snapshot is as it should be.
::testing::AssertionResult refresh_until(LiveKallsyms& live, const std::function<bool(const KallsymsIndex&)>& done) {
  constexpr int kMostWakeUps = 200;
  constexpr int kMilliseconds = 10000;
  for (int i = 0; i < kMostWakeUps; ++i) {
    (void)live.refresh_if_due();
    if (done(live.current()))
      return ::testing::AssertionSuccess();
    pollfd waited{.fd = live.native_handle(), .events = POLLIN, .revents = 0};
    if (::poll(&waited, 1, kMilliseconds) != 1)
      return ::testing::AssertionFailure() << "nothing came any more, and it is not as it should be";
  }
  return ::testing::AssertionFailure() << "not after " << kMostWakeUps << " wake-ups";
}

bool has_module(const KallsymsIndex& symbols, std::string_view name) {
  return std::ranges::any_of(symbols.modules(), [&](const KallsymsModule& module) { return module.name == name; });
}

TEST(LiveKallsyms, NamesAProgramThatWasLoadedOnAnyCpuAndForgetsIt) {
  LiveKallsyms live;
  EXPECT_TRUE(live.notices().complete());
  for (const unsigned cpu : CpuSet::online().cpus()) {
    const PinnedTo pinned(cpu);
    const std::string name = "fathom_live" + std::to_string(cpu);
    const KallsymsIndex before = live.current();
    const std::size_t size_before = before.size();
    UniqueFd program = load_bpf_program(name);
    const std::string symbol = kallsyms_name(program, name);
    ASSERT_TRUE(refresh_until(live, [&](const KallsymsIndex& now) { return now.named(symbol).size() == 1; }));

    const KallsymsIndex with = live.current();
    const std::uint64_t address = with.only(symbol)->address();
    EXPECT_EQ(with.find(address + 1)->name(), symbol);
    EXPECT_TRUE(before.named(symbol).empty());
    EXPECT_EQ(before.size(), size_before);
    const auto hit_before = before.find(address);
    EXPECT_FALSE(hit_before && hit_before->name() == symbol);

    program.reset();
    ASSERT_TRUE(refresh_until(live, [&](const KallsymsIndex& now) { return now.named(symbol).empty(); }));
    EXPECT_EQ(with.find(address + 1)->name(), symbol) << "who holds a snapshot keeps it";
  }
}

TEST(LiveKallsyms, NothingIsReadWhereNothingChanged) {
  LiveKallsyms live;
  // Programs of the tests before are still being freed.
  int refreshes = 0;
  while (live.refresh_if_due())
    ASSERT_LT(++refreshes, 50);
  EXPECT_TRUE(live.refresh().refreshed);
}

TEST(LiveKallsyms, ARefreshThatFailedIsAskedForAgain) {
  const std::string path = testing::TempDir() + "fathom-live-kallsyms-" + std::to_string(::getpid());
  const auto write = [&path] { std::ofstream(path) << "ffffffff81000000 T _stext\n"; };
  write();
  LiveKallsyms live({.kallsyms = {.path = path}});
  while (live.refresh_if_due()) {
  }
  std::filesystem::remove(path);
  EXPECT_THROW((void)live.refresh(), Error);
  pollfd waited{.fd = live.native_handle(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&waited, 1, 10000), 1);
  EXPECT_THROW((void)live.refresh_if_due(), Error) << "it stays due";
  EXPECT_EQ(::poll(&waited, 1, 10000), 1) << "and says so again";
  write();
  EXPECT_TRUE(live.refresh_if_due());
  std::filesystem::remove(path);
}

TEST(LiveKallsyms, ALossMakesItDue) {
  LiveKallsyms live({.changes = {.ksymbols = {.ring_pages = 1}}});
  const PinnedTo pinned(CpuSet::online().cpus().front());
  std::vector<UniqueFd> programs(100);
  for (UniqueFd& program : programs)
    program = load_bpf_program("fathom_lossy");
  const SymbolRefresh refresh = live.refresh_if_due();
  EXPECT_TRUE(refresh.refreshed);
  EXPECT_TRUE(refresh.changes.lossy());
  const KallsymsIndex symbols = live.current();
  EXPECT_EQ(symbols.named(kallsyms_name(programs.front(), "fathom_lossy")).size(), programs.size());
}

TEST(LiveKallsyms, NamesTheFunctionsOfAModuleThatWasLoadedAndForgetsThem) {
  if (const auto why = why_no_modules())
    GTEST_SKIP() << *why;
  LiveKallsyms live;
  KallsymsIndex with;
  {
    const KernelModule dummy("dummy");
    ASSERT_TRUE(refresh_until(live, [](const KallsymsIndex& now) { return has_module(now, "dummy"); }));
    with = live.current();
    const auto functions = with.named("dummy_xmit");
    ASSERT_EQ(std::ranges::count(functions, "dummy", &Symbol::module), 1);
  }
  ASSERT_TRUE(refresh_until(live, [](const KallsymsIndex& now) { return !has_module(now, "dummy"); }));
  const KallsymsIndex after = live.current();
  EXPECT_TRUE(after.named("dummy_xmit").empty());
  EXPECT_EQ(with.named("dummy_xmit").size(), 1U) << "who holds a snapshot keeps it";
}

TEST(LiveKallsyms, WhoMayNotSeeAddressesIsTold) {
  const std::string said = as_nobody([] {
    const LiveKallsyms live;
    return std::string("it reads");
  });
  EXPECT_THAT(said, AllOf(HasSubstr("/proc/kallsyms"), HasSubstr("CAP_SYSLOG")));
}

}  // namespace
}  // namespace fathom::live
