#pragma once

#include <fathom/bpf/bpf_program.hpp>
#include <fathom/bpf/bpf_types.hpp>

#include <initializer_list>
#include <string_view>

namespace fathom::bpf {

/// Whether a program of type kprobe is of the sections of these names ("kprobe": `kprobe`, `kprobe/...`). The kernel
/// knows one type for kprobes, uprobes, their returns and USDT, so a program that was not loaded here, which has no
/// section, may be any of them.
[[nodiscard]] bool is_kprobe_of(const BpfProgram& program, std::initializer_list<std::string_view> sections,
                                BpfAttachType attach_type);

/// Whether programs of this attach type are attached to many functions by a link, and verified for none.
[[nodiscard]] bool is_tracing_multi(BpfAttachType type) noexcept;

/// What stands before the section's first '/'.
[[nodiscard]] std::string_view section_name(const BpfProgram& program) noexcept;

}  // namespace fathom::bpf
