#pragma once

#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_program.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fathom {

/// How a program is attached to a tracepoint.
struct TracepointOptions {
  /// What `bpf_get_attach_cookie()` gives in the program. Since Linux 5.15.
  std::optional<std::uint64_t> cookie{};
  /// Where tracefs is; empty for /sys/kernel/tracing, or /sys/kernel/debug/tracing where that is not mounted.
  std::string tracefs{};
};

/// A program of `SEC("tp/CATEGORY/EVENT")`: runs at an event of tracefs and gets its record, as `format` describes it.
///
///     auto on_open = bpf.program<fathom::Tracepoint>("on_open");       // SEC("tp/syscalls/sys_enter_openat")
///     fathom::BpfLink link = on_open.attach();
///     fathom::BpfLink other = on_open.attach("syscalls", "sys_enter_openat2", {.cookie = 2});
///
/// Reads `events/CATEGORY/EVENT/id` in tracefs. Needs CAP_PERFMON or CAP_SYS_ADMIN. An event that is not there is a
/// BpfError (bad_attach_target) with the nearest that are.
class Tracepoint : public BpfProgram {
 public:
  /// Throws BpfError (bad_object) if it is of another type.
  explicit Tracepoint(const BpfProgram& program);

  /// Attaches to the event that the section, or ProgramSpec::attach_target, names.
  [[nodiscard]] BpfLink attach(const TracepointOptions& options = {}) const;
  /// Attaches to this event.
  [[nodiscard]] BpfLink attach(std::string_view category, std::string_view event,
                               const TracepointOptions& options = {}) const;
};

}  // namespace fathom
