#include "bpf/load_error.hpp"

#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/program_spec.hpp>

#include <gmock/gmock.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <string>

namespace {

using fathom::BpfCause;
using testing::HasSubstr;

struct Refusal {
  const char* name;
  int errno_value;
  const char* log;
  BpfCause cause;
  const char* hint;
};

class LoadError : public testing::TestWithParam<Refusal> {};

TEST_P(LoadError, SaysWhatTheKernelLacks) {
  std::array<fathom::ProgramSpec, 1> programs;
  programs[0].name = "sample_control";
  programs[0].section = "syscall";
  programs[0].type = fathom::BpfProgramType::syscall;
  const fathom::BpfError error = fathom::bpf::load_error({.errno_value = GetParam().errno_value,
                                                          .object = "sampler",
                                                          .messages = {},
                                                          .programs = programs,
                                                          .maps = {},
                                                          .program = std::size_t{0},
                                                          .log = GetParam().log});
  EXPECT_EQ(error.cause(), GetParam().cause);
  EXPECT_THAT(error.hint(), HasSubstr(GetParam().hint));
  EXPECT_EQ(error.name(), "sample_control");
  EXPECT_EQ(error.log(), GetParam().log);
}

// The kernels' own words: check_helper_call() of Linux 5.14, process_timer_func() of Debian's 6.1.0-56-rt.
INSTANTIATE_TEST_SUITE_P(Logs, LoadError,
                         testing::Values(Refusal{"NoTimers", EINVAL,
                                                 "0: (b7) r3 = 1\n1: (85) call unknown#169\n"
                                                 "invalid func unknown#169\nprocessed 2 insns (limit 1000000)\n",
                                                 BpfCause::unsupported,
                                                 "invalid func unknown#169; this kernel is older than that helper"},
                                         Refusal{"PreemptRt", EACCES,
                                                 "12: (85) call bpf_timer_init#169\n"
                                                 "bpf_timer cannot be used for PREEMPT_RT.\n"
                                                 "processed 13 insns (limit 1000000)\n",
                                                 BpfCause::unsupported, "PREEMPT_RT has none of these"},
                                         Refusal{"AMistake", EACCES,
                                                 "3: (61) r0 = *(u32 *)(r1 +0)\nR1 invalid mem access 'scalar'\n"
                                                 "processed 4 insns (limit 1000000)\n",
                                                 BpfCause::verifier, "R1 invalid mem access"}),
                         [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
