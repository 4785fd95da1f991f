#pragma once

#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/kprobe.hpp>

#include <string_view>

namespace fathom::bpf {

/// "do_unlinkat" or "do_unlinkat+0x10", as a section has it; `program` is for the error.
[[nodiscard]] KernelSymbol parse_kernel_symbol(std::string_view text, const BpfProgram& program);

/// Attaches to a kprobe of our own. Throws BpfError.
[[nodiscard]] BpfLink attach_kprobe(const BpfProgram& program, const KprobeTarget& target, bool at_return,
                                    const KprobeOptions& options);

/// The same at the first of a system call's function names that the kernel has.
[[nodiscard]] BpfLink attach_ksyscall(const BpfProgram& program, std::string_view syscall, bool at_return,
                                      const KprobeOptions& options);

}  // namespace fathom::bpf
