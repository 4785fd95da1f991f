#pragma once

#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_program.hpp>
#include <fathom/bpf/task_scope.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace fathom {

/// A statically defined probe of a program or library (`DTRACE_PROBE2(provider, name, ...)` of <sys/sdt.h>).
struct UsdtTarget {
  std::string binary;    ///< the ELF file's path
  std::string provider;  ///< the macro's first argument
  std::string name;      ///< its second
};

/// How a program is attached to such a probe.
struct UsdtOptions {
  /// Whose code.
  TaskScope tasks = AnyTask{};
  /// What `bpf_usdt_cookie()` gives in the program. Since Linux 5.15.
  std::optional<std::uint64_t> cookie{};
};

/// A program of `SEC("usdt")` or `SEC("usdt/BINARY:PROVIDER:NAME")`: runs at every place of a USDT probe; with
/// `BPF_USDT` of <bpf/usdt.bpf.h> it gets the arguments.
///
///     auto on_query = bpf.program<fathom::Usdt>("on_query");
///     fathom::BpfLink link = on_query.attach({"/usr/sbin/mysqld", "mysql", "query__start"}, {.cookie = 7});
///
/// Only programs of an object that this process loaded can be attached, since the places are put into maps of that
/// object; the attachment is many uprobes and no link to the kernel, so it cannot be pinned. Needs CAP_PERFMON or
/// CAP_SYS_ADMIN. Throws BpfError: bad_attach_target for a file or a probe that is not there.
class Usdt : public BpfProgram {
 public:
  /// Throws BpfError (bad_object) if it is of another kind.
  explicit Usdt(const BpfProgram& program);

  /// Attaches to what the section, or ProgramSpec::attach_target, names.
  [[nodiscard]] BpfLink attach(const UsdtOptions& options = {}) const;
  /// Attaches to this probe.
  [[nodiscard]] BpfLink attach(const UsdtTarget& target, const UsdtOptions& options = {}) const;
};

}  // namespace fathom
