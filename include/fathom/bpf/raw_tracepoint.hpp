#pragma once

#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_program.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fathom {

/// How a program is attached to a raw tracepoint.
struct RawTracepointOptions {
  /// What `bpf_get_attach_cookie()` gives in the program. Since Linux 6.10.
  std::optional<std::uint64_t> cookie{};
  /// Where tracefs is, which is read for the names in an error only; empty for the usual place.
  std::string tracefs{};
};

/// A program of `SEC("raw_tp/EVENT")`: runs at a tracepoint and gets its arguments as they are, cheaper than
/// Tracepoint.
///
///     auto link = bpf.program<fathom::RawTracepoint>("on_switch").attach();     // SEC("raw_tp/sched_switch")
///     auto other = bpf.program<fathom::RawTracepoint>("on_switch").attach("sched_wakeup");
///
/// Since Linux 4.17. Needs CAP_PERFMON or CAP_SYS_ADMIN. A tracepoint that is not there is a BpfError
/// (bad_attach_target) with the nearest that are, where tracefs can be read.
class RawTracepoint : public BpfProgram {
 public:
  /// Throws BpfError (bad_object) if it is of another type.
  explicit RawTracepoint(const BpfProgram& program);

  /// Attaches to the tracepoint that the section, or ProgramSpec::attach_target, names.
  [[nodiscard]] BpfLink attach(const RawTracepointOptions& options = {}) const;
  /// Attaches to this tracepoint.
  [[nodiscard]] BpfLink attach(std::string_view event, const RawTracepointOptions& options = {}) const;
};

}  // namespace fathom
