#pragma once

#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_program.hpp>

#include <cstdint>
#include <optional>

namespace fathom {

/// A program of `SEC("lsm/HOOK")`: runs at a hook of the kernel's security modules and may refuse what is asked: a
/// negative errno is what the system call then returns.
///
///     auto link = bpf.program<fathom::Lsm>("guard").attach();               // SEC("lsm/file_open")
///
/// The hook is chosen before load(), by the section or ProgramSpec::attach_target. Since Linux 5.7 with
/// CONFIG_BPF_LSM, and "bpf" in /sys/kernel/security/lsm: without that a program may be attached and is never called.
/// Needs CAP_PERFMON and CAP_MAC_ADMIN, or CAP_SYS_ADMIN.
class Lsm : public BpfProgram {
 public:
  /// Throws BpfError (bad_object) if it is of another kind.
  explicit Lsm(const BpfProgram& program);

  /// Attaches it; `cookie` is what `bpf_get_attach_cookie()` gives in the program, since Linux 5.19.
  [[nodiscard]] BpfLink attach(std::optional<std::uint64_t> cookie = {}) const;
};

}  // namespace fathom
