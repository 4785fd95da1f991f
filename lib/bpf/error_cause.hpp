#pragma once

#include <fathom/bpf/bpf_error.hpp>

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

/// Why the running kernel says EPERM to this thread, from its capabilities, the sysctl and the lockdown state; what
/// can't be read is not guessed.
[[nodiscard]] std::string denied_hint(const SystemPaths& paths = {});

/// The error of a bpf(2) call: cause from errno, a hint where the cause has one.
[[nodiscard]] BpfError failed(int errno_value, std::string_view operation, std::string_view object,
                              std::string_view name = {});

}  // namespace fathom::bpf
