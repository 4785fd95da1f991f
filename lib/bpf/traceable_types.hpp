#pragma once

#include <fathom/btf/btf.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace fathom::bpf {

/// Whether a trampoline can hand a function's arguments on: at most 12 and not of variable number, none larger than 16
/// bytes, and no struct as result (kernel/bpf/btf.c, btf_distill_func_proto). Machines may take fewer.
[[nodiscard]] bool fits_trampoline(const BtfType& function);

/// The id of the function of this name; empty if there is none, or if no trampoline can be put there.
[[nodiscard]] std::optional<std::uint32_t> traceable_id(const Btf& btf, std::string_view name);

}  // namespace fathom::bpf
