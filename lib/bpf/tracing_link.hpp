#pragma once

#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_program.hpp>

#include <cstdint>
#include <optional>

namespace fathom::bpf {

/// Attaches a program to the function or hook that it was verified for. Throws BpfError.
[[nodiscard]] BpfLink attach_tracing(const BpfProgram& program, std::optional<std::uint64_t> cookie);

}  // namespace fathom::bpf
