#include "attach_support.hpp"
#include "held_child.hpp"
#include "probed_functions.hpp"

#include <fathom/bpf/uprobe.hpp>
#include <fathom/bpf/uprobe_multi.hpp>
#include <fathom/bpf/usdt.hpp>
#include <fathom/symbols/process_map.hpp>

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

TEST_F(BpfAttachUser, UprobeSessionSeesBothEnds) {
  HeldChild child(add_some);
  std::string reason;
  const auto attach = [&](const char* name, std::optional<LoadedBpf>& bpf) -> std::optional<BpfLink> {
    bpf = if_kernel_has([&] { return load_only(name, 0); }, reason);
    if (!bpf)
      return std::nullopt;
    return if_kernel_has(
        [&] {
          return bpf->program<fathom::UprobeMulti>(name).attach(kSelf, {"fathom_probed_add"},
                                                                {.tasks = OneProcess{child.pid()}, .cookies = {7}});
        },
        reason);
  };
  std::optional<LoadedBpf> both;
  const auto link = attach("on_uprobe_session", both);
  if (!link)
    GTEST_SKIP() << reason;
  std::optional<LoadedBpf> begin;
  const auto other = attach("on_uprobe_session_begin", begin);
  ASSERT_TRUE(other) << reason;
  EXPECT_TRUE(add_some());  // in this process, which is none of their business
  ASSERT_TRUE(child.run());
  EXPECT_EQ(totals_of(*both).calls, 20u);
  EXPECT_EQ(totals_of(*both).cookies, 140u);
  EXPECT_EQ(totals_of(*begin).calls, 10u);
  EXPECT_EQ(link->info().target_count.value_or(1), 1u);  // told since Linux 6.8
}

// Where the counter is in this program's file.
std::uint64_t semaphore_offset() {
  const auto address = reinterpret_cast<std::uintptr_t>(&fathom_probed_semaphore);
  const fathom::ProcessMap map = fathom::read_maps(::getpid());
  const fathom::ProcessMapping* const there = map.find(address);
  return there == nullptr ? 0 : address - there->start + there->offset;
}

// The kernel counts the probe up in whoever runs the file, and down when it goes.
bool is_guarded() {
  return fathom_probed_semaphore == 1 && add_some();
}

bool is_unguarded() {
  return fathom_probed_semaphore == 0 && add_some();
}

TEST_F(BpfAttachUser, AReferenceCounterTellsThatTheProbeIsThere) {
  HeldChild child(is_guarded);
  HeldChild later(is_unguarded);
  const LoadedBpf bpf = load_only("on_uprobe", 0);
  const std::uint64_t offset = semaphore_offset();
  ASSERT_NE(offset, 0u);
  BpfLink link = bpf.program<fathom::UprobeProgram>("on_uprobe")
                     .attach({kSelf, "fathom_probed_add"}, {.reference_counter = static_cast<std::uint32_t>(offset)});
  EXPECT_EQ(fathom_probed_semaphore, 1);
  EXPECT_TRUE(child.run());
  EXPECT_EQ(totals_of(bpf).calls, 10u);
  link.detach();
  EXPECT_EQ(fathom_probed_semaphore, 0);
  EXPECT_TRUE(later.run());
  EXPECT_EQ(totals_of(bpf).calls, 10u);
}

TEST_F(BpfAttachUser, UprobeMultiHasReferenceCountersToo) {
  HeldChild child(is_guarded);
  std::string reason;
  std::optional<LoadedBpf> bpf = if_kernel_has([] { return load_only("on_uprobe_multi", 0); }, reason);
  std::optional<BpfLink> link;
  if (bpf)
    link = if_kernel_has(
        [&] {
          return bpf->program<fathom::UprobeMulti>("on_uprobe_multi")
              .attach(kSelf, {"fathom_probed_add"}, {.reference_counters = {semaphore_offset()}});
        },
        reason);
  if (!link)
    GTEST_SKIP() << reason;
  EXPECT_TRUE(child.run());
  EXPECT_EQ(totals_of(*bpf).calls, 10u);
  link.reset();
  EXPECT_EQ(fathom_probed_semaphore, 0);
}

TEST_F(BpfAttachUser, UsdtCountsItsSemaphore) {
  HeldChild child([] {
    if (fathom_probed_semaphore == 0)
      return false;
    for (long i = 1; i <= 4; ++i)
      fathom_probed_guarded_usdt(i, 2 * i);
    return true;
  });
  HeldChild later([] { return fathom_probed_semaphore == 0; });
  const LoadedBpf bpf = fathom::BpfObject::open(usdt::object).load();
  BpfLink link =
      bpf.program<fathom::Usdt>("on_probe").attach({kSelf, "fathom", "guarded"}, {.tasks = OneProcess{child.pid()}});
  EXPECT_TRUE(child.run());
  EXPECT_EQ(bpf.variable<std::uint64_t>("calls").load(), 4u);
  EXPECT_EQ(bpf.variable<std::uint64_t>("arguments").load(), 10 * 1000u + 20u);
  link.detach();
  EXPECT_TRUE(later.run());
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
