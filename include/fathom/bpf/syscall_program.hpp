#pragma once

#include <fathom/bpf/bpf_program.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace fathom {

/// A program of `SEC("syscall")`: runs when it is told to, in the caller's process, and may make BPF system calls
/// itself. It is attached to nothing.
///
///     struct Question { int pid; int answer; } question{.pid = pid};
///     std::uint32_t result = bpf.program<fathom::SyscallProgram>("ask").run(question);
///
/// Since Linux 5.14. Needs CAP_BPF or CAP_SYS_ADMIN. Throws BpfError.
class SyscallProgram : public BpfProgram {
 public:
  /// Throws BpfError (bad_object) if it is of another kind.
  explicit SyscallProgram(const BpfProgram& program);

  /// Runs it with these bytes as its context, which it may change; what it returns. A context of 64 KiB at most.
  std::uint32_t run(std::span<std::byte> context) const;
  /// Runs it without a context.
  std::uint32_t run() const { return run(std::span<std::byte>()); }
  /// Runs it with a struct as its context.
  template <class Context>
    requires(std::is_trivially_copyable_v<Context> && std::is_class_v<Context>)
  std::uint32_t run(Context& context) const {
    return run(std::as_writable_bytes(std::span<Context, 1>(&context, 1)));
  }
};

}  // namespace fathom
