#pragma once

#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/bpf_program.hpp>
#include <fathom/bpf/bpf_types.hpp>
#include <fathom/bpf/cgroup.hpp>

#include <cstdint>
#include <string>

namespace fathom::bpf {

/// What was asked of the kernel when it refused to attach a program to a cgroup.
struct CgroupRequest {
  const BpfProgram& program;
  const Cgroup& cgroup;
  BpfAttachType type{};
  CgroupSharing sharing = CgroupSharing::allow_multi;
  std::uint32_t place = 0;  // the flags of an order and of preorder
  bool link = true;
};

/// Why the kernel said so, found out by asking it about the cgroup and those above.
[[nodiscard]] BpfError cgroup_error(const CgroupRequest& request, int errno_value);

/// How an error names the cgroup.
[[nodiscard]] std::string cgroup_target(const Cgroup& cgroup);

}  // namespace fathom::bpf
