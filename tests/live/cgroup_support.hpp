#pragma once

#include "test_cgroup.hpp"

#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_object.hpp>

#include <cstdint>
#include <fathom-bpf/cgroup.bpf.hpp>
#include <initializer_list>
#include <string_view>
#include <vector>

namespace fathom::live {

inline constexpr std::uint16_t kServer = 4321;
inline constexpr std::uint16_t kAsked = 80;
inline constexpr std::uint16_t kRefused = 99;
inline constexpr std::uint32_t kDroppedBytes = 128;  // of which 28 are headers

/// These programs of cgroup.bpf.c, with the numbers above.
[[nodiscard]] LoadedBpf load_cgroup_programs(std::initializer_list<std::string_view> programs);

/// All programs of the object, attached to one cgroup.
[[nodiscard]] std::vector<BpfLink> attach_all(const LoadedBpf& bpf, const TestCgroup& group);

}  // namespace fathom::live
