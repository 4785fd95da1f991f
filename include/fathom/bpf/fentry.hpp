#pragma once

#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_program.hpp>

#include <cstdint>
#include <optional>

namespace fathom {

/// A program of `SEC("fentry/FUNCTION")`: runs when a kernel function begins and gets its arguments by type; called
/// directly, so several times cheaper than a kprobe.
///
///     auto link = bpf.program<fathom::Fentry>("on_unlink").attach();        // SEC("fentry/do_unlinkat")
///
/// Which function is part of what is verified: it is chosen before load(), by the section or
/// ProgramSpec::attach_target (and ProgramSpec::attach_program for a function of a BPF program); one that is not there
/// fails load() with BpfError (no_such_function) and the nearest that are. Since Linux 5.5 with
/// /sys/kernel/btf/vmlinux. Needs CAP_PERFMON or CAP_SYS_ADMIN; kernels that forbid changes of their code refuse load()
/// (denied).
class Fentry : public BpfProgram {
 public:
  /// Throws BpfError (bad_object) if it is of another kind.
  explicit Fentry(const BpfProgram& program);

  /// Attaches it; `cookie` is what `bpf_get_attach_cookie()` gives in the program, since Linux 5.19.
  [[nodiscard]] BpfLink attach(std::optional<std::uint64_t> cookie = {}) const;
};

/// A program of `SEC("fexit/FUNCTION")`: runs when a kernel function returns, and gets its arguments and what it
/// returns. Everything else is as for Fentry.
///
///     auto link = bpf.program<fathom::Fexit>("on_unlinked").attach();       // SEC("fexit/do_unlinkat")
class Fexit : public BpfProgram {
 public:
  /// Throws BpfError (bad_object) if it is of another kind.
  explicit Fexit(const BpfProgram& program);

  /// Attaches it; `cookie` is what `bpf_get_attach_cookie()` gives in the program, since Linux 5.19.
  [[nodiscard]] BpfLink attach(std::optional<std::uint64_t> cookie = {}) const;
};

/// A program of `SEC("fsession/FUNCTION")`: runs when a kernel function begins and again when it returns, where
/// `bpf_session_is_return(ctx)` tells which it is and `bpf_session_cookie(ctx)` is a place to keep a number from the
/// one to the other (both are kfuncs). At the beginning the result reads as 0. Since Linux 7.0: on older kernels load()
/// throws BpfError (unsupported). Everything else is as for Fentry.
///
///     auto link = bpf.program<fathom::Fsession>("on_unlink").attach();      // SEC("fsession/do_unlinkat")
class Fsession : public BpfProgram {
 public:
  /// Throws BpfError (bad_object) if it is of another kind.
  explicit Fsession(const BpfProgram& program);

  /// Attaches it; `cookie` is what `bpf_get_attach_cookie()` gives in the program, at both ends.
  [[nodiscard]] BpfLink attach(std::optional<std::uint64_t> cookie = {}) const;
};

/// A program of `SEC("fmod_ret/FUNCTION")`: runs before a kernel function, which is passed over if the program returns
/// an error: then its caller gets that. Only functions whose name begins with `security_`, and those that the kernel
/// allows errors to be put into (CONFIG_FUNCTION_ERROR_INJECTION); of others the verifier refuses the program. Since
/// Linux 5.7; everything else is as for Fentry.
///
///     auto link = bpf.program<fathom::FmodRet>("deny").attach();            // SEC("fmod_ret/security_file_open")
class FmodRet : public BpfProgram {
 public:
  /// Throws BpfError (bad_object) if it is of another kind.
  explicit FmodRet(const BpfProgram& program);

  /// Attaches it; `cookie` is what `bpf_get_attach_cookie()` gives in the program, since Linux 5.19.
  [[nodiscard]] BpfLink attach(std::optional<std::uint64_t> cookie = {}) const;
};

}  // namespace fathom
