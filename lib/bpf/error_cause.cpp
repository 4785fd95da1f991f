#include "error_cause.hpp"

#include "kernel_constants.hpp"

#include <bpf/libbpf.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace fathom::bpf {

namespace {

// Of include/uapi/linux/capability.h.
constexpr unsigned kCapNetAdmin = 12;
constexpr unsigned kCapSysAdmin = 21;
constexpr unsigned kCapPerfmon = 38;
constexpr unsigned kCapBpf = 39;

std::optional<std::string> first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line))
    return std::nullopt;
  return line;
}

// CapEff:	000001ffffffffff
std::optional<std::uint64_t> effective_capabilities(const std::string& proc) {
  std::ifstream file(proc + "/thread-self/status");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("CapEff:"))
      continue;
    const std::size_t start = line.find_first_not_of(" \t", 7);
    std::uint64_t value = 0;
    if (start == std::string::npos ||
        std::from_chars(line.data() + start, line.data() + line.size(), value, 16).ec != std::errc())
      return std::nullopt;
    return value;
  }
  return std::nullopt;
}

// none [integrity] confidentiality
std::string lockdown_state(const std::string& security) {
  const std::string line = first_line(security + "/lockdown").value_or("");
  const std::size_t open = line.find('[');
  const std::size_t close = line.find(']', open);
  return open == std::string::npos || close == std::string::npos ? "" : line.substr(open + 1, close - open - 1);
}

bool has(std::uint64_t capabilities, unsigned which) {
  return (capabilities >> which & 1) != 0;
}

struct Capability {
  unsigned number;
  const char* name;
  const char* purpose;
};

constexpr Capability kBpf{kCapBpf, "CAP_BPF", ""};
constexpr Capability kPerfmon{kCapPerfmon, "CAP_PERFMON", ", which tracing needs"};
constexpr Capability kNetAdmin{kCapNetAdmin, "CAP_NET_ADMIN", ", which programs and maps of the network need"};

// What CAP_SYS_ADMIN may stand for.
std::vector<Capability> capabilities_of(Right right) {
  switch (right) {
    case Right::bpf:
      return {kBpf};
    case Right::tracing:
      return {kBpf, kPerfmon};
    case Right::network:
      return {kBpf, kNetAdmin};
    case Right::extension:
      return {kBpf, kPerfmon, kNetAdmin};
    case Right::network_query:
      return {kNetAdmin};
    case Right::network_admin:
    case Right::system_admin:
      break;
  }
  return {};
}

// What this thread lacks; empty if nothing.
std::string missing_capability(Right right, std::uint64_t held) {
  if (right == Right::network_admin)
    return has(held, kCapNetAdmin) ? "" : "this thread does not have CAP_NET_ADMIN";
  if (has(held, kCapSysAdmin))
    return {};
  if (right == Right::system_admin)
    return "this thread does not have CAP_SYS_ADMIN";
  std::string held_so_far;
  std::string missing;
  for (const Capability& capability : capabilities_of(right)) {
    if (has(held, capability.number))
      held_so_far = capability.name;
    else if (!missing.empty())
      missing += std::string(", and not ") + capability.name + capability.purpose;
    else if (held_so_far.empty())
      missing = std::string("this thread has neither ") + capability.name + " nor CAP_SYS_ADMIN";
    else
      missing =
          "this thread has " + held_so_far + " but not " + capability.name + capability.purpose + ", nor CAP_SYS_ADMIN";
  }
  return missing;
}

}  // namespace

int portable_errno(int errno_value) noexcept {
  switch (errno_value) {
    case kEnotsupp:
      return EOPNOTSUPP;
    case LIBBPF_ERRNO__LIBELF:
    case LIBBPF_ERRNO__FORMAT:
    case LIBBPF_ERRNO__ENDIAN:
    case LIBBPF_ERRNO__RELOC:
      return ENOEXEC;
    default:
      return errno_value >= __LIBBPF_ERRNO__START || errno_value < 0 ? EINVAL : errno_value;
  }
}

BpfCause cause_of(int errno_value, bool has_log) noexcept {
  switch (errno_value) {
    case EPERM:
      return BpfCause::denied;
    case EACCES:
      return has_log ? BpfCause::verifier : BpfCause::denied;
    case EOPNOTSUPP:
    case ENOSYS:
    case kEnotsupp:
      return BpfCause::unsupported;
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case ENOSPC:
    case EAGAIN:
      return BpfCause::resource;
    case E2BIG:
      return has_log ? BpfCause::verifier : BpfCause::resource;
    case LIBBPF_ERRNO__LIBELF:
    case LIBBPF_ERRNO__FORMAT:
    case LIBBPF_ERRNO__ENDIAN:
    case LIBBPF_ERRNO__RELOC:
      return BpfCause::bad_object;
    default:
      return has_log ? BpfCause::verifier : BpfCause::other;
  }
}

Right right_to_load(BpfProgramType type) noexcept {
  switch (type) {
    case BpfProgramType::socket_filter:
    case BpfProgramType::cgroup_skb:
    case BpfProgramType::sk_reuseport:
    case BpfProgramType::sk_lookup:
    case BpfProgramType::syscall:
    case BpfProgramType::unspec:
      return Right::bpf;
    case BpfProgramType::sched_cls:
    case BpfProgramType::sched_act:
    case BpfProgramType::xdp:
    case BpfProgramType::lwt_in:
    case BpfProgramType::lwt_out:
    case BpfProgramType::lwt_xmit:
    case BpfProgramType::lwt_seg6local:
    case BpfProgramType::sk_skb:
    case BpfProgramType::sk_msg:
    case BpfProgramType::lirc_mode2:
    case BpfProgramType::flow_dissector:
    case BpfProgramType::cgroup_device:
    case BpfProgramType::cgroup_sock:
    case BpfProgramType::cgroup_sock_addr:
    case BpfProgramType::cgroup_sockopt:
    case BpfProgramType::cgroup_sysctl:
    case BpfProgramType::sock_ops:
    case BpfProgramType::netfilter:
      return Right::network;
    case BpfProgramType::ext:
      return Right::extension;
    default:
      return Right::tracing;
  }
}

Right right_to_attach(BpfProgramType type) noexcept {
  // cgroup_skb: bpf_prog_attach_check_attach_type(); sched_cls: rtnetlink_rcv_msg().
  if (type == BpfProgramType::cgroup_skb || type == BpfProgramType::sched_cls)
    return Right::network_admin;
  return right_to_load(type);
}

Right right_to_make(BpfMapType type) noexcept {
  switch (type) {
    case BpfMapType::sockmap:
    case BpfMapType::sockhash:
    case BpfMapType::devmap:
    case BpfMapType::devmap_hash:
    case BpfMapType::xskmap:
      return Right::network;
    default:
      return Right::bpf;
  }
}

std::string denied_hint(Right needed, const SystemPaths& paths) {
  const auto capabilities = effective_capabilities(paths.proc);
  if (std::string missing = capabilities ? missing_capability(needed, *capabilities) : ""; !missing.empty()) {
    const auto sysctl = first_line(paths.proc + "/sys/kernel/unprivileged_bpf_disabled");
    if (sysctl && !has(*capabilities, kCapBpf) &&
        (needed == Right::bpf || needed == Right::tracing || needed == Right::network))
      missing += ", and kernel.unprivileged_bpf_disabled is " + *sysctl;
    return missing;
  }
  const std::string lockdown = lockdown_state(paths.security);
  if (!lockdown.empty() && lockdown != "none")
    return "the kernel is locked down (" + lockdown + ')';
  const std::string able = capabilities ? "this thread has the capabilities, so " : "";
  if (lockdown.empty())
    return able + "a policy of this kernel forbids it: lockdown or another security module (" + paths.security +
           "/lockdown, which would tell, cannot be read)";
  return able +
         "a policy of this kernel forbids it, though it is not locked down: a security module, or a user namespace";
}

BpfError failed(int errno_value, std::string_view operation, std::string_view object, std::string_view name,
                Right needed) {
  const BpfCause cause = cause_of(errno_value, false);
  return BpfError({.errno_value = errno_value,
                   .operation = std::string(operation),
                   .object = std::string(object),
                   .name = std::string(name),
                   .cause = cause,
                   .hint = cause == BpfCause::denied ? denied_hint(needed) : std::string()});
}

}  // namespace fathom::bpf
