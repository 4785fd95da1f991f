#include "bpf/error_cause.hpp"

#include <fathom/bpf/bpf_error.hpp>

#include <gmock/gmock.h>

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <sstream>
#include <string>

namespace {

using fathom::BpfCause;
using fathom::BpfError;
using testing::HasSubstr;

struct Log {
  const char* name;
  const char* log;
  const char* summary;
};

class VerifierLog : public testing::TestWithParam<Log> {};

TEST_P(VerifierLog, IsSummarized) {
  EXPECT_EQ(fathom::summarize_verifier_log(GetParam().log), GetParam().summary);
}

INSTANTIATE_TEST_SUITE_P(
    , VerifierLog,
    testing::Values(
        Log{"Empty", "", ""},
        Log{"NullCheck",
            "reg type unsupported for arg#0 function no_null_check#3\n"
            "0: R1=ctx() R10=fp0\n"
            "; int no_null_check(void *context) @ refused.bpf.c:14\n"
            "0: (b7) r1 = 0                        ; R1_w=0\n"
            "; return (int)*value; @ refused.bpf.c:20\n"
            "6: (79) r0 = *(u64 *)(r0 +0)\n"
            "R0 invalid mem access 'map_value_or_null'\n"
            "processed 7 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n",
            "; return (int)*value; @ refused.bpf.c:20\n"
            "6: (79) r0 = *(u64 *)(r0 +0)\n"
            "R0 invalid mem access 'map_value_or_null'"},
        Log{"ExplainedAtLength",
            "; return (int)*value; @ nn.bpf.c:20\n"
            "7: (79) r0 = *(u64 *)(r0 +0)\n"
            "R0 invalid mem access 'map_value_or_null'\n"
            "\n"
            "Verification failed: Register Type Safety: Invalid dereference\n"
            "\n"
            "Reason:\n"
            "  R0 may be NULL here (a nullable map value pointer).\n"
            "\n"
            "Suggestion:\n"
            "  Add a NULL check before the access and dereference the pointer only on the non-NULL path.\n"
            "\n"
            "processed 7 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n",
            "; return (int)*value; @ nn.bpf.c:20\n"
            "7: (79) r0 = *(u64 *)(r0 +0)\n"
            "R0 invalid mem access 'map_value_or_null'"},
        Log{"TwoReasons",
            "; values[i] = 1; @ a.bpf.c:3\n"
            "9: (73) *(u8 *)(r0 +0) = r1\n"
            "invalid access to map value, value_size=8 off=8 size=1\n"
            "R0 min value is outside of the allowed memory range\n"
            "processed 9 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n",
            "; values[i] = 1; @ a.bpf.c:3\n"
            "9: (73) *(u8 *)(r0 +0) = r1\n"
            "invalid access to map value, value_size=8 off=8 size=1\n"
            "R0 min value is outside of the allowed memory range"},
        Log{"NoInstruction", "Unknown BTF header\n", "Unknown BTF header"},
        Log{"TooLarge",
            "12: (0f) r1 += r2\n"
            "BPF program is too large. Processed 1000001 insn\n"
            "verification time 912345 usec\nstack depth 8\nprocessed 1000001 insns (limit 1000000)\n",
            "12: (0f) r1 += r2\nBPF program is too large. Processed 1000001 insn"}),
    [](const auto& log) { return log.param.name; });

TEST(BpfError, TellsWhatWasTriedAndWhy) {
  const BpfError error({.errno_value = EACCES,
                        .operation = "load",
                        .object = "opensnoop",
                        .name = "on_open",
                        .cause = BpfCause::verifier,
                        .hint = "",
                        .log = "0: (95) exit\nR0 !read_ok\nprocessed 1 insns\n",
                        .messages = "libbpf: said\n"});
  EXPECT_STREQ(error.what(), "cannot load on_open of opensnoop: Permission denied (R0 !read_ok)");
  EXPECT_EQ(error.summary(), "0: (95) exit\nR0 !read_ok");
  EXPECT_EQ(error.messages(), "libbpf: said\n");
  EXPECT_EQ(to_string(error.cause()), "verifier");
  const fathom::Error copy = error;
  EXPECT_STREQ(copy.what(), error.what());
}

TEST(BpfError, GivesNumbersWithoutATextOneThatHasOne) {
  EXPECT_EQ(fathom::bpf::portable_errno(524), EOPNOTSUPP);
  EXPECT_EQ(fathom::bpf::portable_errno(4003), ENOEXEC);
  EXPECT_EQ(fathom::bpf::portable_errno(EPERM), EPERM);
  EXPECT_EQ(fathom::bpf::cause_of(524, false), BpfCause::unsupported);
  EXPECT_EQ(fathom::bpf::cause_of(EACCES, true), BpfCause::verifier);
  EXPECT_EQ(fathom::bpf::cause_of(EACCES, false), BpfCause::denied);
  EXPECT_EQ(fathom::bpf::cause_of(EPERM, true), BpfCause::denied);
  EXPECT_EQ(fathom::bpf::cause_of(E2BIG, false), BpfCause::resource);
}

using fathom::bpf::Right;

// A machine made up of the files that tell.
class DeniedHint : public testing::Test {
 protected:
  void SetUp() override {
    root_ = std::filesystem::temp_directory_path() / ("fathom-denied-" + std::to_string(::getpid()));
    std::filesystem::create_directories(root_ / "proc/thread-self");
    std::filesystem::create_directories(root_ / "proc/sys/kernel");
    std::filesystem::create_directories(root_ / "security");
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  void write(const std::string& file, const std::string& text) { std::ofstream(root_ / file) << text; }
  [[nodiscard]] std::string hint(Right needed = Right::tracing) const {
    return fathom::bpf::denied_hint(needed, {(root_ / "proc").string(), (root_ / "security").string()});
  }

  std::filesystem::path root_;
};

TEST_F(DeniedHint, NamesMissingCapabilities) {
  write("proc/thread-self/status", "Name:\tx\nCapEff:\t0000000000000000\n");
  write("proc/sys/kernel/unprivileged_bpf_disabled", "2\n");
  EXPECT_EQ(hint(),
            "this thread has neither CAP_BPF nor CAP_SYS_ADMIN, and not CAP_PERFMON, which tracing needs, and "
            "kernel.unprivileged_bpf_disabled is 2");
  write("proc/thread-self/status", "CapEff:\t0000008000000000\n");
  EXPECT_THAT(hint(), HasSubstr("CAP_BPF but not CAP_PERFMON"));
}

TEST_F(DeniedHint, NamesTheCapabilityThatTheOperationNeeds) {
  write("security/lockdown", "[none] integrity confidentiality\n");
  constexpr unsigned long long kNetAdmin = 1ULL << 12;
  constexpr unsigned long long kSysAdmin = 1ULL << 21;
  constexpr unsigned long long kPerfmon = 1ULL << 38;
  constexpr unsigned long long kBpf = 1ULL << 39;
  const char* const policy = "a policy of this kernel forbids it";
  const struct {
    Right needed;
    unsigned long long held;
    const char* hint;
  } cases[] = {
      {Right::bpf, kPerfmon | kNetAdmin, "this thread has neither CAP_BPF nor CAP_SYS_ADMIN"},
      {Right::bpf, kBpf, policy},
      {Right::tracing, kBpf | kNetAdmin, "this thread has CAP_BPF but not CAP_PERFMON"},
      {Right::tracing, kBpf | kPerfmon, policy},
      {Right::network, kBpf | kPerfmon, "this thread has CAP_BPF but not CAP_NET_ADMIN"},
      {Right::network, kNetAdmin, "this thread has neither CAP_BPF nor CAP_SYS_ADMIN"},
      {Right::network, kBpf | kNetAdmin, policy},
      {Right::network, kSysAdmin, policy},
      {Right::extension, kBpf | kPerfmon, "this thread has CAP_PERFMON but not CAP_NET_ADMIN"},
      {Right::extension, kBpf | kNetAdmin, "this thread has CAP_BPF but not CAP_PERFMON"},
      {Right::extension, kBpf | kPerfmon | kNetAdmin, policy},
      {Right::network_query, kBpf, "this thread has neither CAP_NET_ADMIN nor CAP_SYS_ADMIN"},
      {Right::network_query, kSysAdmin, policy},
      {Right::network_admin, kSysAdmin | kBpf, "this thread does not have CAP_NET_ADMIN"},
      {Right::network_admin, kNetAdmin, policy},
      {Right::system_admin, kBpf | kPerfmon | kNetAdmin, "this thread does not have CAP_SYS_ADMIN"},
      {Right::system_admin, kSysAdmin, policy},
  };
  for (const auto& tested : cases) {
    std::ostringstream status;
    status << "CapEff:\t" << std::hex << std::setw(16) << std::setfill('0') << tested.held << '\n';
    write("proc/thread-self/status", status.str());
    EXPECT_THAT(hint(tested.needed), HasSubstr(tested.hint)) << status.str();
  }
}

TEST_F(DeniedHint, NamesLockdownWhereTheCapabilitiesAreThere) {
  write("proc/thread-self/status", "CapEff:\t000001ffffffffff\n");
  write("security/lockdown", "none [integrity] confidentiality\n");
  EXPECT_EQ(hint(), "the kernel is locked down (integrity)");
  write("security/lockdown", "[none] integrity confidentiality\n");
  EXPECT_THAT(hint(), HasSubstr("though it is not locked down"));
}

TEST_F(DeniedHint, GuessesNothingThatCannotBeRead) {
  EXPECT_THAT(hint(), HasSubstr("cannot be read"));
  EXPECT_THAT(hint(), testing::Not(HasSubstr("capabilities")));
}

}  // namespace
