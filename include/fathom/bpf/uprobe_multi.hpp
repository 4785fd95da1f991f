#pragma once

#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_program.hpp>
#include <fathom/bpf/task_scope.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {

/// How a program is attached to many places of user code.
struct UprobeMultiOptions {
  /// Whose code.
  TaskScope tasks = AnyTask{};
  /// What `bpf_get_attach_cookie()` gives in the program, one for each function of the list or offset; none for 0. With
  /// a pattern there may be none.
  std::vector<std::uint64_t> cookies{};
  /// For each function of the list or offset, the offset in the file of a counter that is above 0 while the probe is
  /// there; none for none.
  std::vector<std::uint64_t> reference_counters{};
};

/// A program of `SEC("uprobe.multi/BINARY:PATTERN")`, `uretprobe.multi` or `uprobe.session`: runs at the beginning, at
/// the return, or at both, of many functions of a program or library, which one link holds.
///
///     auto on_call = bpf.program<fathom::UprobeMulti>("on_call");           // SEC("uprobe.multi")
///     fathom::BpfLink link = on_call.attach_matching("/usr/lib/libfoo.so.1", "foo_*", {.tasks =
///     fathom::OneProcess{pid}}); fathom::BpfLink other = on_call.attach("/proc/self/exe", {"one", "two"}, {.cookies =
///     {1, 2}});
///
/// Which it is, the section says; ProgramSpec::expected_attach_type must be trace_uprobe_multi or trace_uprobe_session.
/// A pattern may have `*` and `?`. Since Linux 6.6, sessions since 6.13; until 6.10 the scope is the one thread of that
/// id. Needs CAP_PERFMON or CAP_SYS_ADMIN. Throws BpfError as UprobeProgram does, and unsupported on older kernels.
class UprobeMulti : public BpfProgram {
 public:
  /// Throws BpfError (bad_object) if it is of another kind.
  explicit UprobeMulti(const BpfProgram& program);

  /// Attaches to what the section, or ProgramSpec::attach_target, names.
  [[nodiscard]] BpfLink attach(const UprobeMultiOptions& options = {}) const;
  /// Attaches to the functions of the file that fit the pattern.
  [[nodiscard]] BpfLink attach_matching(const std::string& binary, std::string_view pattern,
                                        const UprobeMultiOptions& options = {}) const;
  /// Attaches to the functions of these names.
  [[nodiscard]] BpfLink attach(const std::string& binary, const std::vector<std::string>& functions,
                               const UprobeMultiOptions& options = {}) const;
  /// Attaches to these offsets in the file.
  [[nodiscard]] BpfLink attach(const std::string& binary, std::span<const std::uint64_t> offsets,
                               const UprobeMultiOptions& options = {}) const;
};

}  // namespace fathom
