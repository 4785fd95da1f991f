#pragma once

#include <fathom/base/unique_fd.hpp>
#include <fathom/bpf/bpf_features.hpp>
#include <fathom/bpf/bpf_types.hpp>

#include <cstdint>
#include <string>

namespace fathom::bpf {

/// A program of two or three instructions, to be loaded.
struct ProbeProgram {
  BpfProgramType type{};
  BpfAttachType attach_type{};
  std::string target{};      ///< a function, tracepoint or hook in the kernel's BTF; empty for none
  std::uint32_t helper = 0;  ///< a helper that it calls
};

/// What became of it.
struct ProbeLoad {
  UniqueFd program;
  int errno_value = 0;
  bool has_target = true;  ///< whether BTF has the target
  std::string log;
};

/// Tries to load it.
[[nodiscard]] ProbeLoad load_probe(const ProbeProgram& program);

/// The program that is to be tried for a type.
[[nodiscard]] ProbeProgram probe_program(BpfProgramType type);

/// What the outcome says about the program's type or attach type.
[[nodiscard]] BpfSupport support_of(const ProbeLoad& load);

/// What the errno of an attempt says, 0 for one that succeeded.
[[nodiscard]] BpfSupport support_of_errno(int error) noexcept;

// The probes themselves, without memory.
[[nodiscard]] BpfSupport probe_program_type(BpfProgramType type);
[[nodiscard]] BpfSupport probe_helper(BpfProgramType type, std::uint32_t number);
[[nodiscard]] BpfSupport probe_map_type(BpfMapType type);
[[nodiscard]] BpfSupport probe_struct_ops_link();
[[nodiscard]] BpfSupport probe_attach(BpfAttachKind kind);

}  // namespace fathom::bpf
