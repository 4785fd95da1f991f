#include "map_kinds.hpp"

#include <string_view>

namespace fathom::bpf {

std::string_view map_header(BpfMapType type) noexcept {
  switch (type) {
    case BpfMapType::hash:
    case BpfMapType::lru_hash:
    case BpfMapType::percpu_hash:
    case BpfMapType::lru_percpu_hash:
      return "hash_map";
    case BpfMapType::array:
    case BpfMapType::percpu_array:
      return "array_map";
    case BpfMapType::lpm_trie:
      return "lpm_trie";
    case BpfMapType::queue:
    case BpfMapType::stack:
      return "queue_map";
    case BpfMapType::bloom_filter:
      return "bloom_filter";
    case BpfMapType::prog_array:
      return "program_array";
    case BpfMapType::perf_event_array:
    case BpfMapType::cgroup_array:
    case BpfMapType::xskmap:
    case BpfMapType::reuseport_sockarray:
      return "fd_array";
    case BpfMapType::task_storage:
    case BpfMapType::sk_storage:
    case BpfMapType::inode_storage:
    case BpfMapType::cgrp_storage:
      return "local_storage";
    case BpfMapType::cgroup_storage:
    case BpfMapType::percpu_cgroup_storage:
      return "cgroup_attach_storage";
    case BpfMapType::sockmap:
    case BpfMapType::sockhash:
      return "sock_map";
    case BpfMapType::devmap:
    case BpfMapType::devmap_hash:
    case BpfMapType::cpumap:
      return "redirect_map";
    case BpfMapType::array_of_maps:
    case BpfMapType::hash_of_maps:
      return "map_of_maps";
    case BpfMapType::stack_trace:
      return "stack_trace_map";
    case BpfMapType::user_ringbuf:
      return "user_ring_buffer";
    case BpfMapType::arena:
      return "arena_map";
    default:
      return {};
  }
}

}  // namespace fathom::bpf
