#include "attach_support.hpp"
#include "held_child.hpp"

#include <fathom/base/unique_fd.hpp>
#include <fathom/bpf/fentry.hpp>
#include <fathom/bpf/kprobe.hpp>
#include <fathom/bpf/kprobe_multi.hpp>
#include <fathom/bpf/ksyscall.hpp>
#include <fathom/bpf/lsm.hpp>
#include <fathom/bpf/tracing_multi.hpp>
#include <fathom/bpf/uprobe.hpp>
#include <fathom/btf/btf.hpp>

#include <gmock/gmock.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

namespace {

using fathom::BpfCause;
using fathom::BpfError;
using fathom::BpfLink;
using fathom::LoadedBpf;
using fathom::live::error_of;
using fathom::live::HeldChild;
using fathom::live::if_kernel_has;
using fathom::live::load_only;
using fathom::live::totals_of;
using testing::HasSubstr;

using BpfAttachKernel = fathom::live::BpfTest;

constexpr std::uint64_t kReads = 21;
constexpr std::uint64_t kBytes = 37;

// Reads 37 bytes, 21 times.
bool read_zeros() {
  const fathom::UniqueFd file(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  std::array<char, kBytes> buffer{};
  for (std::uint64_t i = 0; i < kReads; ++i) {
    if (::read(file.get(), buffer.data(), buffer.size()) != static_cast<ssize_t>(kBytes))
      return false;
  }
  return true;
}

bool ask_own_group() {
  for (std::uint64_t i = 0; i < kReads; ++i) {
    if (::getpgid(::getpid()) < 0)
      return false;
  }
  return true;
}

// The attachment of one program of attach.bpf.c, and what it counted while the child worked.
template <class Attach>
void expect_seen(std::string_view program, bool (*work)(), std::uint64_t arguments, std::uint64_t results,
                 std::uint64_t cookie, std::uint64_t calls, Attach attach) {
  HeldChild child(work);
  std::string reason;
  std::optional<LoadedBpf> bpf = if_kernel_has([&] { return load_only(program, child.pid()); }, reason);
  std::optional<BpfLink> link;
  if (bpf)
    link = if_kernel_has([&] { return attach(*bpf, program); }, reason);
  if (!link)
    GTEST_SKIP() << reason;
  ASSERT_TRUE(child.run());
  const auto after = totals_of(*bpf);
  EXPECT_EQ(after.calls, calls);
  EXPECT_EQ(after.arguments, arguments);
  EXPECT_EQ(after.results, results);
  EXPECT_EQ(after.cookies, calls * cookie);
  link.reset();
  HeldChild other(work);
  ASSERT_TRUE(other.run());
  EXPECT_EQ(totals_of(*bpf).calls, calls);
}

TEST_F(BpfAttachKernel, KprobeSeesTheArguments) {
  expect_seen("on_kprobe", read_zeros, kReads * kBytes, 0, 9, kReads, [](const LoadedBpf& bpf, std::string_view name) {
    return bpf.program<fathom::KprobeProgram>(name).attach({.cookie = 9});
  });
}

TEST_F(BpfAttachKernel, KretprobeSeesTheResult) {
  expect_seen(
      "on_kretprobe", read_zeros, 0, kReads * kBytes, 0, kReads,
      [](const LoadedBpf& bpf, std::string_view name) { return bpf.program<fathom::KretprobeProgram>(name).attach(); });
}

TEST_F(BpfAttachKernel, KsyscallSeesTheArgument) {
  HeldChild child(ask_own_group);
  std::string reason;
  const LoadedBpf bpf = load_only("on_ksyscall", child.pid());
  const std::uint64_t calls = kReads;
  const auto pid = static_cast<std::uint64_t>(child.pid());
  auto link = if_kernel_has([&] { return bpf.program<fathom::Ksyscall>("on_ksyscall").attach(); }, reason);
  if (!link)
    GTEST_SKIP() << reason;
  ASSERT_TRUE(child.run());
  EXPECT_EQ(totals_of(bpf).calls, calls);
  EXPECT_EQ(totals_of(bpf).arguments, calls * pid);
}

TEST_F(BpfAttachKernel, KretsyscallSeesTheResult) {
  const auto group = static_cast<std::uint64_t>(::getpgrp());
  expect_seen("on_kretsyscall", ask_own_group, 0, kReads * group, 5, kReads,
              [](const LoadedBpf& bpf, std::string_view name) {
                return bpf.program<fathom::Kretsyscall>(name).attach({.cookie = 5});
              });
}

TEST_F(BpfAttachKernel, KprobeMultiByPattern) {
  expect_seen(
      "on_kprobe_multi", read_zeros, kReads * kBytes, 0, 0, kReads,
      [](const LoadedBpf& bpf, std::string_view name) { return bpf.program<fathom::KprobeMulti>(name).attach(); });
}

TEST_F(BpfAttachKernel, KprobeMultiByNamesWithCookies) {
  expect_seen("on_kprobe_multi", read_zeros, kReads * kBytes, 0, 4, kReads,
              [](const LoadedBpf& bpf, std::string_view name) {
                return bpf.program<fathom::KprobeMulti>(name).attach({"vfs_write", "vfs_read"}, {.cookies = {3, 4}});
              });
}

TEST_F(BpfAttachKernel, KretprobeMultiSeesTheResult) {
  expect_seen(
      "on_kretprobe_multi", read_zeros, 0, kReads * kBytes, 0, kReads,
      [](const LoadedBpf& bpf, std::string_view name) { return bpf.program<fathom::KprobeMulti>(name).attach(); });
}

TEST_F(BpfAttachKernel, KprobeSessionSeesBothEnds) {
  expect_seen("on_kprobe_session", read_zeros, 0, 0, 0, 2 * kReads, [](const LoadedBpf& bpf, std::string_view name) {
    return bpf.program<fathom::KprobeMulti>(name).attach();
  });
}

TEST_F(BpfAttachKernel, FentrySeesTheArguments) {
  expect_seen("on_fentry", read_zeros, kReads * kBytes, 0, 6, kReads,
              [](const LoadedBpf& bpf, std::string_view name) { return bpf.program<fathom::Fentry>(name).attach(6); });
}

TEST_F(BpfAttachKernel, FexitSeesArgumentsAndResult) {
  expect_seen("on_fexit", read_zeros, kReads * kBytes, kReads * kBytes, 0, kReads,
              [](const LoadedBpf& bpf, std::string_view name) { return bpf.program<fathom::Fexit>(name).attach(); });
}

TEST_F(BpfAttachKernel, FsessionSeesBothEnds) {
  expect_seen(
      "on_fsession", read_zeros, 2 * kReads * kBytes, kReads * kBytes, 3, 2 * kReads,
      [](const LoadedBpf& bpf, std::string_view name) { return bpf.program<fathom::Fsession>(name).attach(3); });
}

TEST_F(BpfAttachKernel, FentryMultiByPattern) {
  expect_seen("on_fentry_multi", read_zeros, kReads * kBytes, 0, 0, kReads,
              [](const LoadedBpf& bpf, std::string_view name) {
                BpfLink link = bpf.program<fathom::TracingMulti>(name).attach();
                const fathom::BpfLinkInfo info = link.info();
                EXPECT_EQ(info.type, fathom::BpfLinkType::tracing_multi);
                EXPECT_EQ(info.target_count, 1u);
                EXPECT_EQ(info.attach_type, fathom::BpfAttachType::trace_fentry_multi);
                return link;
              });
}

TEST_F(BpfAttachKernel, FexitMultiByNamesWithCookies) {
  expect_seen("on_fexit_multi", read_zeros, kReads * kBytes, kReads * kBytes, 4, kReads,
              [](const LoadedBpf& bpf, std::string_view name) {
                return bpf.program<fathom::TracingMulti>(name).attach({"vfs_write", "vfs_read"}, {.cookies = {3, 4}});
              });
}

TEST_F(BpfAttachKernel, FsessionMultiById) {
  expect_seen("on_fsession_multi", read_zeros, 2 * kReads * kBytes, kReads * kBytes, 0, 2 * kReads,
              [](const LoadedBpf& bpf, std::string_view name) {
                const fathom::Btf btf = fathom::Btf::load();
                const std::uint32_t id = btf.find(fathom::BtfKind::func, "vfs_read").value().id();
                return bpf.program<fathom::TracingMulti>(name).attach(std::span(&id, 1));
              });
}

TEST_F(BpfAttachKernel, AFunctionOfManyByTypeThatIsNotThereIsNamed) {
  std::string reason;
  const auto bpf = if_kernel_has([] { return load_only("on_fentry_multi", 1); }, reason);
  if (!bpf)
    GTEST_SKIP() << reason;
  const auto program = bpf->program<fathom::TracingMulti>("on_fentry_multi");
  const BpfError error = error_of([&] { (void)program.attach({"vfs_read", "vfs_raed"}); });
  EXPECT_EQ(error.cause(), BpfCause::no_such_function) << error.what();
  EXPECT_THAT(error.hint(), HasSubstr("vfs_read"));
  EXPECT_EQ(error_of([&] { (void)program.attach_matching("no_such_thing_*"); }).cause(), BpfCause::no_such_function);
  const struct {
    std::vector<std::string> functions;
    std::vector<std::uint64_t> cookies;
    const char* what;
  } wrong[] = {{{}, {}, "no functions"},
               {{"vfs_read"}, {1, 2}, "2 cookies"},
               {{"vfs_read", "vfs_read"}, {}, "given twice"},
               {{"_printk"}, {}, "a trampoline cannot pass on"}};  // takes a variable number
  for (const auto& one : wrong) {
    const BpfError refused = error_of([&] { (void)program.attach(one.functions, {.cookies = one.cookies}); });
    EXPECT_EQ(refused.cause(), BpfCause::bad_attach_target) << refused.what();
    EXPECT_THAT(refused.hint(), HasSubstr(one.what));
  }
  EXPECT_EQ(error_of([&] { (void)program.attach({"vfs_read"}, {.btf = "/nonexistent"}); }).cause(),
            BpfCause::unsupported);
  EXPECT_EQ(error_of([&] { (void)bpf->program<fathom::Fentry>("on_fentry_multi"); }).cause(), BpfCause::bad_object);
}

// A program that refuses one file to one process.
class BpfAttachRefusing : public fathom::live::BpfTest {
 protected:
  template <class Kind>
  void expect_refused(std::string_view program) {
    std::array<char, 32> refused{"/tmp/fathom-refused-XXXXXX"};
    const fathom::UniqueFd file(::mkstemp(refused.data()));
    struct stat status{};
    ASSERT_EQ(::fstat(file.get(), &status), 0);
    const auto work = [&] {
      errno = 0;
      const bool denied = !fathom::UniqueFd(::open(refused.data(), O_RDONLY | O_CLOEXEC)) && errno == EPERM;
      const bool other_opens = static_cast<bool>(fathom::UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)));
      return denied && other_opens;
    };
    HeldChild child(work);
    std::string reason;
    std::optional<LoadedBpf> bpf =
        if_kernel_has([&] { return load_only(program, child.pid(), status.st_ino); }, reason);
    if (bpf) {
      const BpfLink link = bpf->program<Kind>(program).attach();
      EXPECT_TRUE(child.run());
      EXPECT_TRUE(fathom::UniqueFd(::open(refused.data(), O_RDONLY | O_CLOEXEC)));  // another process may
      EXPECT_EQ(totals_of(*bpf).calls, 1u);
    }
    ::unlink(refused.data());
    if (!bpf)
      GTEST_SKIP() << reason;
  }
};

TEST_F(BpfAttachRefusing, FmodRet) {
  expect_refused<fathom::FmodRet>("on_fmod_ret");
}

TEST_F(BpfAttachRefusing, Lsm) {
  expect_refused<fathom::Lsm>("on_lsm");
}

TEST_F(BpfAttachKernel, AFunctionThatIsNotThereIsNamedWithTheNearest) {
  const LoadedBpf bpf = load_only("on_kprobe", 1);
  const auto probe = bpf.program<fathom::KprobeProgram>("on_kprobe");
  const BpfError error = error_of([&] { (void)probe.attach(fathom::KernelSymbol{"vfs_raed"}); });
  if (error.cause() == BpfCause::unsupported)
    GTEST_SKIP() << "unsupported: " << error.hint();
  EXPECT_EQ(error.cause(), BpfCause::no_such_function) << error.what();
  EXPECT_THAT(error.hint(), HasSubstr("vfs_read"));
  // In the middle of an instruction, or behind the function.
  EXPECT_EQ(error_of([&] { (void)probe.attach(fathom::KernelSymbol{"vfs_read", 0x7fffffff}); }).cause(),
            BpfCause::bad_attach_target);
  EXPECT_EQ(error_of([&] { (void)probe.attach(fathom::KernelAddress{0x1000}); }).cause(), BpfCause::bad_attach_target);
}

TEST_F(BpfAttachKernel, AFunctionOfManyThatIsNotThereIsNamed) {
  const LoadedBpf bpf = load_only("on_kprobe_multi", 1);
  const auto probe = bpf.program<fathom::KprobeMulti>("on_kprobe_multi");
  EXPECT_EQ(error_of([&] { (void)probe.attach({"vfs_read"}, {.cookies = {1, 2}}); }).cause(),
            BpfCause::bad_attach_target);
  const BpfError error = error_of([&] { (void)probe.attach({"vfs_read", "vfs_raed"}); });
  if (error.cause() == BpfCause::unsupported)
    GTEST_SKIP() << "unsupported: " << error.hint();
  EXPECT_EQ(error.cause(), BpfCause::no_such_function) << error.what();
  EXPECT_THAT(error.hint(), HasSubstr("vfs_read"));
  EXPECT_EQ(error_of([&] { (void)probe.attach_matching("no_such_thing_*"); }).cause(), BpfCause::no_such_function);
}

// On a kernel without kprobes, and with a sysfs that has none.
TEST_F(BpfAttachKernel, WithoutTheEventSourceKprobesAreUnsupported) {
  const LoadedBpf bpf = load_only("on_kprobe", 1);
  const BpfError error =
      error_of([&] { (void)bpf.program<fathom::KprobeProgram>("on_kprobe").attach({.sysfs = "/nonexistent"}); });
  EXPECT_EQ(error.cause(), BpfCause::unsupported);
  EXPECT_THAT(error.hint(), HasSubstr("CONFIG_KPROBE_EVENTS"));
}

TEST_F(BpfAttachKernel, WrongKindsAndSectionsWithoutATargetAreErrors) {
  const LoadedBpf bpf = load_only("on_no_target", 1);
  EXPECT_EQ(error_of([&] { (void)bpf.program<fathom::KretprobeProgram>("on_no_target"); }).cause(),
            BpfCause::bad_object);
  EXPECT_EQ(error_of([&] { (void)bpf.program<fathom::KprobeMulti>("on_no_target"); }).cause(), BpfCause::bad_object);
  EXPECT_EQ(error_of([&] { (void)bpf.program<fathom::UprobeProgram>("on_no_target"); }).cause(), BpfCause::bad_object);
  EXPECT_EQ(error_of([&] { (void)bpf.program<fathom::Fentry>("on_no_target"); }).cause(), BpfCause::bad_object);
  const BpfError error = error_of([&] { (void)bpf.program<fathom::KprobeProgram>("on_no_target").attach(); });
  EXPECT_EQ(error.cause(), BpfCause::bad_attach_target);
  EXPECT_THAT(error.hint(), HasSubstr("names no FUNCTION"));
}

}  // namespace
