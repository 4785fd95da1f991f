#pragma once

#include "kernel_constants.hpp"

#include <fathom/base/unique_fd.hpp>
#include <fathom/bpf/bpf_types.hpp>

#include <cstdint>

namespace fathom::bpf {

/// The start of what BPF_LINK_CREATE takes, with the rest 0.
[[nodiscard]] LinkCreateAttr link_attr(int program_fd, BpfAttachType attach_type, int target_fd = 0) noexcept;

/// BPF_LINK_CREATE with what newer kernels take. No link: errno says why.
[[nodiscard]] UniqueFd create_link(const LinkCreateAttr& attr) noexcept;

}  // namespace fathom::bpf
