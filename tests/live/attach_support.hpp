#pragma once

#include "attach_errors.hpp"
#include "bpf_support.hpp"

#include <fathom/bpf/bpf_object.hpp>

#include <fathom-bpf/attach.bpf.hpp>
#include <string_view>

namespace fathom::live {

/// Loads one program of attach.bpf.c, for one process or for all (0).
[[nodiscard]] LoadedBpf load_only(std::string_view program, int target_pid, std::uint64_t target_inode = 0);

/// What the program counted.
[[nodiscard]] struct attach::totals totals_of(const LoadedBpf& bpf);

}  // namespace fathom::live
