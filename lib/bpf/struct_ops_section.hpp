#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace fathom::bpf {

/// Whether tables of `.struct_ops.link` have to be given to libbpf as those of `.struct_ops`: it knows that section
/// since 1.2.
[[nodiscard]] bool lacks_struct_ops_links() noexcept;

/// A copy of the object whose section `.struct_ops.link` is called `.struct_ops`, in the ELF and in its BTF; empty if
/// there is no such section. What does not fit together in the bytes is left to libbpf to complain about. Throws
/// BpfError (bad_object) if the object has both sections, which would be one then.
[[nodiscard]] std::vector<std::byte> without_struct_ops_links(std::span<const std::byte> bytes,
                                                              const std::string& object);

}  // namespace fathom::bpf
