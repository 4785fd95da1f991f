#pragma once

#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_program.hpp>
#include <fathom/bpf/task_scope.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fathom {

/// A place in the code of a program or library.
struct UprobeTarget {
  /// The ELF file's path; a name without '/' is not searched for.
  std::string binary;
  /// A function of its symbol tables; empty: `offset` is one in the file.
  std::string function{};
  /// Bytes behind the function's beginning, or from the beginning of the file.
  std::uint64_t offset = 0;
};

/// How a program is attached to user code.
struct UprobeOptions {
  /// Whose code.
  TaskScope tasks = AnyTask{};
  /// What `bpf_get_attach_cookie()` gives in the program. Since Linux 5.15.
  std::optional<std::uint64_t> cookie{};
  /// The offset in the file of a counter that is above 0 while the probe is there (a USDT semaphore); 0 for none. Since
  /// Linux 4.20.
  std::uint32_t reference_counter = 0;
  /// Where sysfs is: `bus/event_source/devices/uprobe` tells whether the kernel has uprobes.
  std::string sysfs = "/sys";
};

/// A program of `SEC("uprobe")` or `SEC("uprobe/BINARY:FUNCTION+OFFSET")`: runs before an instruction of a program or
/// library, in every process that has it mapped, and gets the registers (`struct pt_regs`).
///
///     auto on_line = bpf.program<fathom::UprobeProgram>("on_line");
///     fathom::BpfLink link = on_line.attach({"/usr/bin/bash", "readline"}, {.tasks = fathom::OneProcess{pid}});
///     fathom::BpfLink other = on_line.attach({.binary = "/proc/self/exe", .offset = file_offset});
///
/// Reads the ELF file where a function is named: local and dynamic symbols, those of shared libraries included. The
/// event is a perf event of the uprobe PMU (Linux 4.17, with links since 5.15), which tracefs does not show. Needs
/// CAP_PERFMON or CAP_SYS_ADMIN. Throws BpfError: bad_attach_target for a file that is no ELF, for an offset outside of
/// its code and for a process that is gone; no_such_function with the nearest names.
class UprobeProgram : public BpfProgram {
 public:
  /// Throws BpfError (bad_object) if it is of another kind.
  explicit UprobeProgram(const BpfProgram& program);

  /// Attaches to what the section, or ProgramSpec::attach_target, names.
  [[nodiscard]] BpfLink attach(const UprobeOptions& options = {}) const;
  /// Attaches there.
  [[nodiscard]] BpfLink attach(const UprobeTarget& target, const UprobeOptions& options = {}) const;
};

/// A program of `SEC("uretprobe")` or `SEC("uretprobe/BINARY:FUNCTION")`: the same when a function returns;
/// `PT_REGS_RC` is what it returns.
///
///     auto link = bpf.program<fathom::UretprobeProgram>("on_lined").attach({"/usr/bin/bash", "readline"});
class UretprobeProgram : public BpfProgram {
 public:
  /// Throws BpfError (bad_object) if it is of another kind.
  explicit UretprobeProgram(const BpfProgram& program);

  /// Attaches to what the section, or ProgramSpec::attach_target, names.
  [[nodiscard]] BpfLink attach(const UprobeOptions& options = {}) const;
  /// Attaches there.
  [[nodiscard]] BpfLink attach(const UprobeTarget& target, const UprobeOptions& options = {}) const;
};

}  // namespace fathom
