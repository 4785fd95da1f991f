#pragma once

#include <fathom/base/nearest_names.hpp>
#include <fathom/bpf/program_spec.hpp>
#include <fathom/btf/btf.hpp>

#include <string>
#include <string_view>

namespace fathom::bpf {

// What a program could have meant: each gives "; nearest: a, b", or nothing if nothing is near or can be read.

/// What was offered.
[[nodiscard]] std::string nearest_names_hint(const NearestNames& nearest);
/// ELF sections that programs may be in.
[[nodiscard]] std::string near_sections(std::string_view section);
/// Functions and tracepoints of the kernel's BTF, as the program's attach type names them.
[[nodiscard]] std::string near_kernel_targets(const ProgramSpec& program);
/// Functions of `btf`: the kernel's, or a program's.
[[nodiscard]] std::string near_functions(const Btf& btf, std::string_view function);
/// Events in `tracefs`, "CATEGORY:EVENT", or "EVENT" alone if `category` is empty.
[[nodiscard]] std::string near_events(const std::string& tracefs, std::string_view category, std::string_view event);

}  // namespace fathom::bpf
