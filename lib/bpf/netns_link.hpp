#pragma once

#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_program.hpp>

#include <string>

namespace fathom::bpf {

/// What differs between the two kinds of program that a network namespace takes.
struct NetnsKind {
  BpfAttachType attach_type;
  const char* since;  ///< the version of Linux that brought links of this kind
  const char* full;   ///< why E2BIG
};

/// Attaches to the network namespace of the file. Throws BpfError.
[[nodiscard]] BpfLink attach_to_netns(const BpfProgram& program, const std::string& path, const NetnsKind& kind);

/// The same by descriptor.
[[nodiscard]] BpfLink attach_to_netns(const BpfProgram& program, int netns, const NetnsKind& kind);

}  // namespace fathom::bpf
