#pragma once

#include <fathom/base/unique_fd.hpp>
#include <fathom/bpf/bpf_types.hpp>
#include <fathom/bpf/cgroup.hpp>

#include <cstdint>
#include <optional>
#include <vector>

namespace fathom::bpf {

/// What is attached to a cgroup.
struct CgroupQuery {
  int errno_value = 0;  // of the kernel's refusal; the rest is empty then
  std::vector<CgroupAttachment> programs;
  std::optional<std::uint64_t> revision;
};

/// Asks the kernel: of this cgroup alone, or of what runs for its processes.
[[nodiscard]] CgroupQuery query_cgroup(int cgroup, BpfAttachType type, bool effective);

/// The cgroup above; none of the root.
[[nodiscard]] UniqueFd parent_cgroup(int cgroup);

/// Whether an open folder is a cgroup of version 2.
[[nodiscard]] bool is_cgroup(int folder);

/// Whether an errno says that the cgroup has been removed.
[[nodiscard]] bool is_gone(int errno_value) noexcept;

}  // namespace fathom::bpf
