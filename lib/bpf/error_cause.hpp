#pragma once

#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/bpf_types.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace fathom::bpf {

/// Where the reasons of a refusal are looked for.
struct SystemPaths {
  std::string proc = "/proc";
  std::string security = "/sys/kernel/security";
};

/// An errno that the C library has a text for: libbpf's own numbers (from 4000) and the kernel's ENOTSUPP have none.
[[nodiscard]] int portable_errno(int errno_value) noexcept;

/// What an errno of bpf(2) means, as far as it alone can tell. EACCES and EINVAL with a log are the verifier's.
[[nodiscard]] BpfCause cause_of(int errno_value, bool has_log) noexcept;

/// What kernel/bpf/syscall.c asks of a thread. CAP_SYS_ADMIN is as good, but for `network_admin`.
enum class Right : std::uint8_t {
  bpf,            ///< CAP_BPF: maps, programs of few types
  tracing,        ///< CAP_BPF and CAP_PERFMON: programs that see the kernel's memory
  network,        ///< CAP_BPF and CAP_NET_ADMIN: programs and maps of the network's and cgroups' types
  extension,      ///< CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN: programs that may extend any other
  network_query,  ///< CAP_NET_ADMIN: what is attached to devices and cgroups
  network_admin,  ///< CAP_NET_ADMIN, and nothing else is as good: what rtnetlink does, packets of cgroups
  system_admin    ///< CAP_SYS_ADMIN: what goes by id
};

/// What loading a program of this type needs: is_net_admin_prog_type() and is_perfmon_prog_type() there.
[[nodiscard]] Right right_to_load(BpfProgramType type) noexcept;
/// What attaching a program of this type needs of those who could load it.
[[nodiscard]] Right right_to_attach(BpfProgramType type) noexcept;
/// What making a map of this type needs.
[[nodiscard]] Right right_to_make(BpfMapType type) noexcept;

/// Why the running kernel says EPERM to this thread, from its capabilities, the sysctl and the lockdown state; what
/// can't be read is not guessed, and no policy is blamed where a capability is missing.
[[nodiscard]] std::string denied_hint(Right needed, const SystemPaths& paths = {});

/// The error of a bpf(2) call: cause from errno, a hint where the cause has one.
[[nodiscard]] BpfError failed(int errno_value, std::string_view operation, std::string_view object,
                              std::string_view name = {}, Right needed = Right::bpf);

}  // namespace fathom::bpf
