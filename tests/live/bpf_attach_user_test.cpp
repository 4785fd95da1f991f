#include "attach_support.hpp"
#include "held_child.hpp"
#include "probed_functions.hpp"

#include <fathom/bpf/uprobe.hpp>
#include <fathom/bpf/uprobe_multi.hpp>
#include <fathom/bpf/usdt.hpp>

#include <gmock/gmock.h>

#include <unistd.h>

#include <cstdint>
#include <fathom-bpf/usdt.bpf.hpp>
#include <string>

namespace {

using fathom::BpfCause;
using fathom::BpfError;
using fathom::BpfLink;
using fathom::LoadedBpf;
using fathom::OneProcess;
using fathom::live::error_of;
using fathom::live::HeldChild;
using fathom::live::if_kernel_has;
using fathom::live::load_only;
using fathom::live::totals_of;
using testing::HasSubstr;

using BpfAttachUser = fathom::live::BpfTest;

const std::string kSelf = "/proc/self/exe";

// 1..10: sums 55 for the first arguments, 65 for the results.
bool add_some() {
  int sum = 0;
  for (int i = 1; i <= 10; ++i)
    sum += fathom_probed_add(i, 1);
  return sum == 65;
}

TEST_F(BpfAttachUser, UprobeSeesArgumentsOfTheOneProcess) {
  HeldChild child(add_some);
  const LoadedBpf bpf = load_only("on_uprobe", 0);
  const auto probe = bpf.program<fathom::UprobeProgram>("on_uprobe");
  BpfLink link = probe.attach({kSelf, "fathom_probed_add"}, {.tasks = OneProcess{child.pid()}, .cookie = 3});
  EXPECT_TRUE(add_some());  // in this process, which is none of its business
  ASSERT_TRUE(child.run());
  EXPECT_EQ(totals_of(bpf).calls, 10u);
  EXPECT_EQ(totals_of(bpf).arguments, 55u);
  EXPECT_EQ(totals_of(bpf).cookies, 30u);
  link.detach();
  EXPECT_FALSE(link);
  HeldChild other(add_some);
  ASSERT_TRUE(other.run());
  EXPECT_EQ(totals_of(bpf).calls, 10u);
}

TEST_F(BpfAttachUser, UprobeOfAllSeesEveryProcess) {
  HeldChild first(add_some);
  HeldChild second(add_some);
  const LoadedBpf bpf = load_only("on_uprobe", 0);
  const BpfLink link = bpf.program<fathom::UprobeProgram>("on_uprobe").attach({kSelf, "fathom_probed_add"});
  ASSERT_TRUE(first.run());
  ASSERT_TRUE(second.run());
  EXPECT_TRUE(add_some());
  EXPECT_EQ(totals_of(bpf).calls, 30u);
}

TEST_F(BpfAttachUser, UretprobeSeesTheResult) {
  HeldChild child(add_some);
  const LoadedBpf bpf = load_only("on_uretprobe", 0);
  const BpfLink link = bpf.program<fathom::UretprobeProgram>("on_uretprobe")
                           .attach({kSelf, "fathom_probed_add"}, {.tasks = OneProcess{child.pid()}});
  ASSERT_TRUE(child.run());
  EXPECT_EQ(totals_of(bpf).calls, 10u);
  EXPECT_EQ(totals_of(bpf).results, 65u);
}

TEST_F(BpfAttachUser, UprobeMulti) {
  HeldChild child([] { return add_some() && fathom_probed_multiply(100, 2) == 200; });
  std::string reason;
  std::optional<LoadedBpf> bpf = if_kernel_has([] { return load_only("on_uprobe_multi", 0); }, reason);
  std::optional<BpfLink> link;
  if (bpf)
    link = if_kernel_has(
        [&] {
          return bpf->program<fathom::UprobeMulti>("on_uprobe_multi")
              .attach(kSelf, {"fathom_probed_add", "fathom_probed_multiply"},
                      {.tasks = OneProcess{child.pid()}, .cookies = {1, 1000}});
        },
        reason);
  if (!link)
    GTEST_SKIP() << reason;
  EXPECT_TRUE(add_some());
  ASSERT_TRUE(child.run());
  EXPECT_EQ(totals_of(*bpf).calls, 11u);
  EXPECT_EQ(totals_of(*bpf).arguments, 155u);
  EXPECT_EQ(totals_of(*bpf).cookies, 1010u);
  link.reset();

  HeldChild other([] { return add_some() && fathom_probed_multiply(100, 2) == 200; });
  const BpfLink matching = bpf->program<fathom::UprobeMulti>("on_uprobe_multi")
                               .attach_matching(kSelf, "fathom_probed_m*", {.tasks = OneProcess{other.pid()}});
  ASSERT_TRUE(other.run());
  EXPECT_EQ(totals_of(*bpf).calls, 12u);
  // The kernel has the kind: a wrong place is not taken for an old kernel.
  const std::uint64_t nowhere[] = {std::uint64_t{1} << 40};
  EXPECT_EQ(error_of([&] {
              (void)bpf->program<fathom::UprobeMulti>("on_uprobe_multi").attach(kSelf, std::span(nowhere));
            }).cause(),
            BpfCause::bad_attach_target);
}

TEST_F(BpfAttachUser, Usdt) {
  HeldChild child([] {
    for (long i = 1; i <= 4; ++i)
      fathom_probed_usdt(i, 2 * i);
    return true;
  });
  const LoadedBpf bpf = fathom::BpfObject::open(usdt::object).load();
  const auto program = bpf.program<fathom::Usdt>("on_probe");
  BpfLink link = program.attach({kSelf, "fathom", "called"}, {.tasks = OneProcess{child.pid()}, .cookie = 8});
  fathom_probed_usdt(1, 1);
  ASSERT_TRUE(child.run());
  EXPECT_EQ(bpf.variable<std::uint64_t>("calls").load(), 4u);
  EXPECT_EQ(bpf.variable<std::uint64_t>("arguments").load(), 10 * 1000u + 20u);
  EXPECT_EQ(bpf.variable<std::uint64_t>("cookies").load(), 32u);
  EXPECT_EQ(link.native_handle(), -1);
  EXPECT_EQ(error_of([&] { link.pin("/sys/fs/bpf/fathom_usdt"); }).cause(), BpfCause::unsupported);
  link.detach();
  const BpfError error = error_of([&] { (void)program.attach({kSelf, "fathom", "caled"}); });
  EXPECT_EQ(error.cause(), BpfCause::bad_attach_target) << error.what();
  EXPECT_FALSE(error.hint().empty());
}

struct WrongPlace {
  const char* what;
  fathom::UprobeTarget target;
  BpfCause cause;
  const char* hint;
};

TEST_F(BpfAttachUser, WrongPlacesAreErrors) {
  const LoadedBpf bpf = load_only("on_uprobe", 0);
  const auto probe = bpf.program<fathom::UprobeProgram>("on_uprobe");
  const WrongPlace places[] = {
      {"no such function", {kSelf, "fathom_probed_ad"}, BpfCause::no_such_function, "fathom_probed_add"},
      {"no such file", {"/nonexistent/program", "main"}, BpfCause::bad_attach_target, ""},
      {"no path", {"libc.so.6", "malloc"}, BpfCause::bad_attach_target, "give its path"},
      {"no ELF", {"/etc/passwd", "main"}, BpfCause::bad_attach_target, "no ELF"},
      {"a folder", {"/tmp", "main"}, BpfCause::bad_attach_target, "regular"},
      {"outside", {.binary = kSelf, .offset = std::uint64_t{1} << 40}, BpfCause::bad_attach_target, "offset"},
  };
  for (const WrongPlace& place : places) {
    const BpfError error = error_of([&] { (void)probe.attach(place.target); });
    EXPECT_EQ(error.cause(), place.cause) << place.what << ": " << error.what();
    EXPECT_THAT(error.hint(), HasSubstr(place.hint)) << place.what;
  }
  for (const int pid : {0, -1, 0x7fffffff}) {
    const BpfError error =
        error_of([&] { (void)probe.attach({kSelf, "fathom_probed_add"}, {.tasks = OneProcess{pid}}); });
    EXPECT_EQ(error.cause(), BpfCause::bad_attach_target) << pid << error.what();
  }
  EXPECT_EQ(error_of([&] { (void)probe.attach(); }).cause(), BpfCause::bad_attach_target);
  EXPECT_EQ(error_of([&] { (void)probe.attach({kSelf, "fathom_probed_add"}, {.sysfs = "/nonexistent"}); }).cause(),
            BpfCause::unsupported);
}

}  // namespace
