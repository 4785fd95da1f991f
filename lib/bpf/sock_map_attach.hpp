#pragma once

#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_map.hpp>
#include <fathom/bpf/bpf_program.hpp>
#include <fathom/bpf/bpf_types.hpp>

namespace fathom::bpf {

/// Attaches to a map of sockets: as a link if the kernel has that kind, else with BPF_PROG_ATTACH. Throws BpfError.
[[nodiscard]] BpfLink attach_to_sock_map(const BpfProgram& program, const BpfMap& sockets, BpfAttachType type);

}  // namespace fathom::bpf
