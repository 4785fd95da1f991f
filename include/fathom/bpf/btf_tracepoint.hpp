#pragma once

#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_program.hpp>

#include <cstdint>
#include <optional>

namespace fathom {

/// A program of `SEC("tp_btf/EVENT")`: a raw tracepoint whose arguments the verifier knows by type, so that it may
/// follow their pointers.
///
///     auto link = bpf.program<fathom::BtfTracepoint>("on_switch").attach();     // SEC("tp_btf/sched_switch")
///
/// Which tracepoint is part of what is verified: it is chosen before load(), by the section or
/// ProgramSpec::attach_target; one that is not there fails load() with BpfError (no_such_function) and the nearest that
/// are. Since Linux 5.5, with /sys/kernel/btf/vmlinux. Needs CAP_PERFMON or CAP_SYS_ADMIN.
class BtfTracepoint : public BpfProgram {
 public:
  /// Throws BpfError (bad_object) if it is of another type.
  explicit BtfTracepoint(const BpfProgram& program);

  /// Attaches it; `cookie` is what `bpf_get_attach_cookie()` gives in the program, since Linux 6.10.
  [[nodiscard]] BpfLink attach(std::optional<std::uint64_t> cookie = {}) const;
};

}  // namespace fathom
