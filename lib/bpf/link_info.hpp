#pragma once

#include <fathom/bpf/bpf_link.hpp>

#include <string>

namespace fathom::bpf {

/// BPF_OBJ_GET_INFO_BY_FD of a link. Throws BpfError, which calls it `what`.
[[nodiscard]] BpfLinkInfo read_link_info(int fd, const std::string& what);

}  // namespace fathom::bpf
