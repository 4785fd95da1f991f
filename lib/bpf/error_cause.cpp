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

namespace fathom::bpf {

namespace {

// Of include/uapi/linux/capability.h.
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

std::string missing_capabilities(std::uint64_t capabilities, const std::string& proc) {
  std::string hint = has(capabilities, kCapBpf)
                         ? "this thread has CAP_BPF but not CAP_PERFMON, which tracing needs, nor CAP_SYS_ADMIN"
                         : "this thread has neither CAP_BPF nor CAP_SYS_ADMIN";
  if (const auto sysctl = first_line(proc + "/sys/kernel/unprivileged_bpf_disabled"))
    hint += ", and kernel.unprivileged_bpf_disabled is " + *sysctl;
  return hint;
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

std::string denied_hint(const SystemPaths& paths) {
  const auto capabilities = effective_capabilities(paths.proc);
  if (capabilities && !has(*capabilities, kCapSysAdmin) &&
      !(has(*capabilities, kCapBpf) && has(*capabilities, kCapPerfmon)))
    return missing_capabilities(*capabilities, paths.proc);
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

BpfError failed(int errno_value, std::string_view operation, std::string_view object, std::string_view name) {
  const BpfCause cause = cause_of(errno_value, false);
  return BpfError({.errno_value = errno_value,
                   .operation = std::string(operation),
                   .object = std::string(object),
                   .name = std::string(name),
                   .cause = cause,
                   .hint = cause == BpfCause::denied ? denied_hint() : std::string()});
}

}  // namespace fathom::bpf
