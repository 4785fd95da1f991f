#pragma once

#include <fathom/base/unique_fd.hpp>

#include <cstdint>

namespace fathom::bpf {

/// Types for a map of local storage, which the kernel makes none without (kernel/bpf/bpf_local_storage.c,
/// bpf_local_storage_map_alloc_check): a key of int, a value of so many bytes.
struct StorageBtf {
  UniqueFd fd;
  std::uint32_t key_type_id{};
  std::uint32_t value_type_id{};
};

/// Throws BpfError.
[[nodiscard]] StorageBtf load_storage_btf(std::uint32_t value_size);

}  // namespace fathom::bpf
