#pragma once

#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_program.hpp>
#include <fathom/bpf/kprobe.hpp>

#include <string_view>

namespace fathom {

/// A program of `SEC("ksyscall/NAME")`: a kprobe at a system call, whatever this kernel and processor call the
/// function (`__x64_sys_unlinkat`, `__arm64_sys_unlinkat`, `__se_sys_unlinkat`). With `BPF_KSYSCALL` of
/// <bpf/bpf_tracing.h> the program gets the call's arguments.
///
///     auto on_unlink = bpf.program<fathom::Ksyscall>("on_unlink");          // SEC("ksyscall/unlinkat")
///     fathom::BpfLink link = on_unlink.attach();
///     fathom::BpfLink other = on_unlink.attach("rmdir");
///
/// Rights and errors are KprobeProgram's; a system call that is not there is no_such_function. Calls of 32-bit programs
/// have functions of their own and are not seen.
class Ksyscall : public BpfProgram {
 public:
  /// Throws BpfError (bad_object) if it is of another kind.
  explicit Ksyscall(const BpfProgram& program);

  /// Attaches to the system call that the section, or ProgramSpec::attach_target, names.
  [[nodiscard]] BpfLink attach(const KprobeOptions& options = {}) const;
  /// Attaches to this system call: "unlinkat".
  [[nodiscard]] BpfLink attach(std::string_view syscall, const KprobeOptions& options = {}) const;
};

/// A program of `SEC("kretsyscall/NAME")`: the same when the call returns.
///
///     auto link = bpf.program<fathom::Kretsyscall>("on_unlinked").attach("unlinkat");
class Kretsyscall : public BpfProgram {
 public:
  /// Throws BpfError (bad_object) if it is of another kind.
  explicit Kretsyscall(const BpfProgram& program);

  /// Attaches to the system call that the section, or ProgramSpec::attach_target, names.
  [[nodiscard]] BpfLink attach(const KprobeOptions& options = {}) const;
  /// Attaches to this system call: "unlinkat".
  [[nodiscard]] BpfLink attach(std::string_view syscall, const KprobeOptions& options = {}) const;
};

}  // namespace fathom
