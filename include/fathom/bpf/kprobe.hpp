#pragma once

#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_program.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace fathom {

/// A place in the kernel's code by name.
struct KernelSymbol {
  std::string name;          ///< as /proc/kallsyms has it: "do_unlinkat"
  std::uint64_t offset = 0;  ///< bytes behind its beginning, at the beginning of an instruction
};

/// A place in the kernel's code by address, for a name that several functions have.
struct KernelAddress {
  std::uint64_t address = 0;  ///< of the beginning of an instruction, as this boot of the kernel has it
};

/// Where a kprobe is put.
using KprobeTarget = std::variant<KernelSymbol, KernelAddress>;

/// How a program is attached to a kernel function.
struct KprobeOptions {
  /// What `bpf_get_attach_cookie()` gives in the program. Since Linux 5.15.
  std::optional<std::uint64_t> cookie{};
  /// Where sysfs is: `bus/event_source/devices/kprobe` tells whether the kernel has kprobes.
  std::string sysfs = "/sys";
  /// Read for the causes and the nearest names in an error only.
  std::string kallsyms = "/proc/kallsyms";
};

/// A program of `SEC("kprobe/FUNCTION")` or `SEC("kprobe/FUNCTION+0x10")`: runs before an instruction of the kernel and
/// gets the registers (`struct pt_regs`).
///
///     auto on_unlink = bpf.program<fathom::KprobeProgram>("on_unlink");            // SEC("kprobe/do_unlinkat")
///     fathom::BpfLink link = on_unlink.attach();
///     fathom::BpfLink other = on_unlink.attach(fathom::KernelSymbol{"do_rmdir"}, {.cookie = 2});
///     fathom::BpfLink third = on_unlink.attach(fathom::KernelAddress{symbol.address()});
///
/// It runs for every task: kprobes have no scope. The event is a perf event of the kprobe PMU (Linux 4.17, with links
/// since 5.15), so nothing shows up in tracefs. Reads `bus/event_source/devices/kprobe/type` in sysfs. Needs
/// CAP_PERFMON or CAP_SYS_ADMIN. Throws BpfError: unsupported on a kernel without kprobes, no_such_function with the
/// nearest names of kallsyms, bad_attach_target for a function that may not be probed, a name of several functions or
/// an offset within an instruction.
class KprobeProgram : public BpfProgram {
 public:
  /// Throws BpfError (bad_object) if it is of another kind.
  explicit KprobeProgram(const BpfProgram& program);

  /// Attaches to the function that the section, or ProgramSpec::attach_target, names.
  [[nodiscard]] BpfLink attach(const KprobeOptions& options = {}) const;
  /// Attaches there.
  [[nodiscard]] BpfLink attach(const KprobeTarget& target, const KprobeOptions& options = {}) const;
};

/// A program of `SEC("kretprobe/FUNCTION")`: runs when a kernel function returns; `PT_REGS_RC` is what it returns.
/// Everything else is as for KprobeProgram, but that the target is the beginning of a function. A return is missed when
/// too many tasks are inside the function at once.
///
///     auto link = bpf.program<fathom::KretprobeProgram>("on_return").attach(fathom::KernelSymbol{"do_unlinkat"});
class KretprobeProgram : public BpfProgram {
 public:
  /// Throws BpfError (bad_object) if it is of another kind.
  explicit KretprobeProgram(const BpfProgram& program);

  /// Attaches to the function that the section, or ProgramSpec::attach_target, names.
  [[nodiscard]] BpfLink attach(const KprobeOptions& options = {}) const;
  /// Attaches there.
  [[nodiscard]] BpfLink attach(const KprobeTarget& target, const KprobeOptions& options = {}) const;
};

}  // namespace fathom
