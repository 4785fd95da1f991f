#pragma once

#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_program.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {

/// How a program is attached to many kernel functions.
struct KprobeMultiOptions {
  /// What `bpf_get_attach_cookie()` gives in the program, one for each function of the list or address; none for 0.
  /// With a pattern there may be none.
  std::vector<std::uint64_t> cookies{};
  /// Where tracefs is, for patterns and for the nearest names in an error; empty for the usual place.
  std::string tracefs{};
};

/// A program of `SEC("kprobe.multi/PATTERN")`, `SEC("kretprobe.multi/PATTERN")` or `SEC("kprobe.session/PATTERN")`:
/// runs at the beginning, at the return, or at both, of many kernel functions that one link holds. Attaching to
/// thousands takes no longer than to a few, where as many kprobes take minutes.
///
///     auto on_vfs = bpf.program<fathom::KprobeMulti>("on_vfs");             // SEC("kprobe.multi/vfs_*")
///     fathom::BpfLink link = on_vfs.attach();
///     fathom::BpfLink other = on_vfs.attach({"vfs_read", "vfs_write"}, {.cookies = {1, 2}});
///     link.info().target_count;                                             // since Linux 6.6
///
/// Which it is, the section says; ProgramSpec::expected_attach_type must be trace_kprobe_multi or trace_kprobe_session.
/// A pattern may have `*` and `?`, and stands for all functions of `available_filter_functions` in tracefs that it
/// fits. Since Linux 5.18 with CONFIG_FPROBE, sessions since 6.10. Needs CAP_PERFMON or CAP_SYS_ADMIN. Throws
/// BpfError: unsupported, denied, no_such_function with the nearest names.
class KprobeMulti : public BpfProgram {
 public:
  /// Throws BpfError (bad_object) if it is of another kind.
  explicit KprobeMulti(const BpfProgram& program);

  /// Attaches to what fits the pattern that the section, or ProgramSpec::attach_target, names.
  [[nodiscard]] BpfLink attach(const KprobeMultiOptions& options = {}) const;
  /// Attaches to the functions that fit the pattern.
  [[nodiscard]] BpfLink attach_matching(std::string_view pattern, const KprobeMultiOptions& options = {}) const;
  /// Attaches to the functions of these names.
  [[nodiscard]] BpfLink attach(const std::vector<std::string>& functions, const KprobeMultiOptions& options = {}) const;
  /// Attaches to the functions that begin at these addresses.
  [[nodiscard]] BpfLink attach(std::span<const std::uint64_t> addresses, const KprobeMultiOptions& options = {}) const;
};

}  // namespace fathom
