#include "feature_probe.hpp"

#include "kernel_constants.hpp"
#include "libbpf_print.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fathom::bpf {

namespace {

constexpr bpf_insn kReturnZero = {
    .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .src_reg = 0, .off = 0, .imm = 0};
constexpr bpf_insn kExit = {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0};

std::vector<bpf_insn> instructions(std::uint32_t helper) {
  if (helper == 0)
    return {kReturnZero, kExit};
  const bpf_insn call = {
      .code = BPF_JMP | BPF_CALL, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = static_cast<std::int32_t>(helper)};
  return {call, kReturnZero, kExit};
}

bool says(const ProbeLoad& load, std::string_view text) {
  return load.log.find(text) != std::string::npos;
}

}  // namespace

ProbeProgram probe_program(BpfProgramType type) {
  switch (type) {
    case BpfProgramType::tracing:
      return {type, BpfAttachType::trace_raw_tp, "sched_switch"};
    case BpfProgramType::lsm:
      return {type, BpfAttachType::lsm_mac, "file_open"};
    case BpfProgramType::cgroup_sock_addr:
      return {type, BpfAttachType::cgroup_inet4_connect};
    case BpfProgramType::cgroup_sockopt:
      return {type, BpfAttachType::cgroup_getsockopt};
    case BpfProgramType::sk_lookup:
      return {type, BpfAttachType::sk_lookup};
    case BpfProgramType::netfilter:
      return {type, BpfAttachType::netfilter};
    default:
      return {type};
  }
}

ProbeLoad load_probe(const ProbeProgram& program) {
  const PrintScope quiet;
  ProbeLoad load;
  bpf_prog_load_opts options{};
  options.sz = sizeof(options);
  options.attempts = 1;
  options.expected_attach_type = static_cast<bpf_attach_type>(program.attach_type);
  if (!program.target.empty()) {
    const int id =
        libbpf_find_vmlinux_btf_id(program.target.c_str(), static_cast<bpf_attach_type>(program.attach_type));
    load.has_target = id > 0;
    options.attach_btf_id = id > 0 ? static_cast<__u32>(id) : 0;
    if (!load.has_target) {
      load.errno_value = -id;
      return load;
    }
  }
  // Any type of BTF: the kernel refuses it as a target in words of its own if it knows the kind of program.
  if (program.type == BpfProgramType::ext || program.type == BpfProgramType::struct_ops)
    options.attach_btf_id = 1;
  if (program.type == BpfProgramType::syscall)
    options.prog_flags = BPF_F_SLEEPABLE;
  std::array<char, 4096> log{};
  options.log_buf = log.data();
  options.log_size = log.size();
  options.log_level = 1;
  const std::vector<bpf_insn> code = instructions(program.helper);
  const int fd = ::bpf_prog_load(static_cast<bpf_prog_type>(program.type), "fathom_probe", "GPL", code.data(),
                                 code.size(), &options);
  load.errno_value = fd < 0 ? -fd : 0;
  load.program = UniqueFd(fd < 0 ? -1 : fd);
  load.log = log.data();
  return load;
}

BpfSupport support_of_errno(int error) noexcept {
  switch (error) {
    case 0:
      return BpfSupport::yes;
    case EPERM:
    case EACCES:
      return BpfSupport::denied;
    case EINVAL:
    case EOPNOTSUPP:
    case E2BIG:
      return BpfSupport::no;
    default:
      return BpfSupport::unknown;
  }
}

namespace {

// Refused before the program was looked at, with no reason but that: what a kernel says of an attach type that it does
// not know (kernel/bpf/verifier.c, check_attach_btf_id).
bool is_unexplained(const ProbeLoad& load) {
  return load.log.empty() || load.log.starts_with("processed 0 insns") || says(load, "must provide btf_id");
}

}  // namespace

BpfSupport support_of(const ProbeLoad& load) {
  if (load.program)
    return BpfSupport::yes;
  if (!load.has_target)
    return load.errno_value == ENOENT || load.errno_value == ESRCH ? BpfSupport::no : BpfSupport::unknown;
  if (load.errno_value == EPERM || (load.errno_value == EACCES && load.log.empty()))
    return BpfSupport::denied;
  if ((load.errno_value == EINVAL || load.errno_value == EOPNOTSUPP) && is_unexplained(load))
    return BpfSupport::no;
  return BpfSupport::unknown;
}

BpfSupport probe_program_type(BpfProgramType type) {
  if (type == BpfProgramType::unspec)
    return BpfSupport::no;
  const ProbeLoad load = load_probe(probe_program(type));
  // What the verifier says of a target that is none, where it knows the type (kernel/bpf/verifier.c).
  if (type == BpfProgramType::ext && says(load, "Cannot replace kernel functions"))
    return BpfSupport::yes;
  if (type == BpfProgramType::struct_ops && load.errno_value == kEnotsupp)
    return BpfSupport::yes;
  return support_of(load);
}

BpfSupport probe_helper(BpfProgramType type, std::uint32_t number) {
  if (type == BpfProgramType::ext || type == BpfProgramType::struct_ops)
    return BpfSupport::unknown;  // it depends on what the program is for
  ProbeProgram program = probe_program(type);
  if (const BpfSupport without = support_of(load_probe(program)); without != BpfSupport::yes)
    return without;
  program.helper = number;
  const ProbeLoad load = load_probe(program);
  if (load.program)
    return BpfSupport::yes;
  if (load.log.empty())
    return load.errno_value == EPERM || load.errno_value == EACCES ? BpfSupport::denied : BpfSupport::unknown;
  constexpr std::array<std::string_view, 4> kRefusals = {"invalid func ", "unknown func ", "cannot use helper",
                                                         "helper call is not allowed"};
  const bool refused = std::ranges::any_of(kRefusals, [&](std::string_view text) { return says(load, text); });
  // Anything else is about the arguments, of which there are none.
  return refused ? BpfSupport::no : BpfSupport::yes;
}

}  // namespace fathom::bpf
