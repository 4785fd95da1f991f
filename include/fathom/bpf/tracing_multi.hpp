#pragma once

#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_program.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {

/// How a program is attached to many kernel functions by their types.
struct TracingMultiOptions {
  /// What `bpf_get_attach_cookie()` gives in the program, one for each function of the list or id; none for 0. With a
  /// pattern there may be none.
  std::vector<std::uint64_t> cookies{};
  /// Where tracefs is, for patterns; empty for the usual place.
  std::string tracefs{};
  /// The kernel's BTF, in which the functions are looked up.
  std::string btf = "/sys/kernel/btf/vmlinux";
};

/// A program of `SEC("fentry.multi/PATTERN")`, `SEC("fexit.multi/PATTERN")` or `SEC("fsession.multi/PATTERN")`: runs at
/// the beginning, at the return, or at both, of many kernel functions that one link holds, called as directly as
/// Fentry. Since the functions differ, it has no typed arguments: `bpf_get_func_arg()`, `bpf_get_func_arg_cnt()` and
/// `bpf_get_func_ret()` give them.
///
///     auto on_vfs = bpf.program<fathom::TracingMulti>("on_vfs");            // SEC("fentry.multi/vfs_*")
///     fathom::BpfLink link = on_vfs.attach();
///     fathom::BpfLink other = on_vfs.attach({"vfs_read", "vfs_write"}, {.cookies = {1, 2}});
///     link.info().target_count;
///
/// Which it is, the section says, or ProgramSpec::expected_attach_type. A pattern may have `*`, `?` and `[a-z]`, and
/// stands for the functions of `available_filter_functions` in tracefs that it fits, that the kernel's own BTF has, and
/// whose arguments a trampoline can take; functions of modules are not among them. Since Linux 7.2. Needs CAP_PERFMON
/// or CAP_SYS_ADMIN. Throws BpfError: unsupported, by load() too, denied, no_such_function with the nearest names,
/// bad_attach_target for cookies with a pattern, a function that is named twice, and one that no trampoline can take.
class TracingMulti : public BpfProgram {
 public:
  /// Throws BpfError (bad_object) if it is of another kind.
  explicit TracingMulti(const BpfProgram& program);

  /// Attaches to what fits the pattern that the section, or ProgramSpec::attach_target, names.
  [[nodiscard]] BpfLink attach(const TracingMultiOptions& options = {}) const;
  /// Attaches to the functions that fit the pattern.
  [[nodiscard]] BpfLink attach_matching(std::string_view pattern, const TracingMultiOptions& options = {}) const;
  /// Attaches to the functions of these names.
  [[nodiscard]] BpfLink attach(const std::vector<std::string>& functions,
                               const TracingMultiOptions& options = {}) const;
  /// Attaches to the functions of these ids in the kernel's BTF, each of them once.
  [[nodiscard]] BpfLink attach(std::span<const std::uint32_t> btf_ids, const TracingMultiOptions& options = {}) const;
};

}  // namespace fathom
