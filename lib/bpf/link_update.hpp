#pragma once

#include "handles.hpp"

#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/bpf_program.hpp>
#include <fathom/bpf/struct_ops.hpp>

namespace fathom::bpf {

/// Throws BpfError (bad_attach_target) if the link is known to hold a program of another type, before the kernel is
/// asked, which only says EINVAL.
void check_update(const detail::LinkState& link, const BpfProgram& program);

/// Why the kernel did not put the program in the place of what the link holds.
[[nodiscard]] BpfError update_error(int errno_value, const detail::LinkState& link, const BpfProgram& program);
/// The same where only `expected` was to be replaced.
[[nodiscard]] BpfError update_error(int errno_value, const detail::LinkState& link, const BpfProgram& program,
                                    const BpfProgram& expected);
/// The same of a table.
[[nodiscard]] BpfError update_error(int errno_value, const detail::LinkState& link, const StructOps& table);

}  // namespace fathom::bpf
