#pragma once

#include <fathom/bpf/struct_ops.hpp>

namespace fathom::bpf {

/// Writes the table of `.struct_ops.link` into its map, if that was not done yet: links can be made to it then. Throws
/// BpfError.
void fill_struct_ops(const StructOps& table);

}  // namespace fathom::bpf
