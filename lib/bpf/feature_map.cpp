#include "feature_probe.hpp"
#include "kernel_constants.hpp"
#include "libbpf_print.hpp"
#include "storage_btf.hpp"

#include <fathom/bpf/bpf_error.hpp>

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <optional>

namespace fathom::bpf {

namespace {

struct MapShape {
  std::uint32_t key_size = 4;
  std::uint32_t value_size = 4;
  std::uint32_t max_entries = 1;
  std::uint32_t flags = 0;
  bool has_types = false;  // of local storage
  bool has_inner_map = false;
};

std::uint32_t page_size() {
  return static_cast<std::uint32_t>(::sysconf(_SC_PAGESIZE));
}

// The smallest map of each type that the kernel makes; empty for a type whose shape is not known here.
std::optional<MapShape> shape_of(BpfMapType type) {
  switch (type) {
    case BpfMapType::unspec:
    case BpfMapType::insn_array:
    case BpfMapType::rhash:
      return std::nullopt;
    case BpfMapType::stack_trace:
      return MapShape{.value_size = 8};
    case BpfMapType::lpm_trie:
      return MapShape{.key_size = 8, .flags = BPF_F_NO_PREALLOC};
    case BpfMapType::cgroup_storage:
    case BpfMapType::percpu_cgroup_storage:
      return MapShape{.key_size = sizeof(bpf_cgroup_storage_key), .max_entries = 0};
    case BpfMapType::queue:
    case BpfMapType::stack:
    case BpfMapType::bloom_filter:
      return MapShape{.key_size = 0};
    case BpfMapType::ringbuf:
    case BpfMapType::user_ringbuf:
      return MapShape{.key_size = 0, .value_size = 0, .max_entries = page_size()};
    case BpfMapType::arena:
      return MapShape{.key_size = 0, .value_size = 0, .flags = BPF_F_MMAPABLE};
    case BpfMapType::sk_storage:
    case BpfMapType::inode_storage:
    case BpfMapType::task_storage:
    case BpfMapType::cgrp_storage:
      return MapShape{.value_size = 8, .max_entries = 0, .flags = BPF_F_NO_PREALLOC, .has_types = true};
    case BpfMapType::array_of_maps:
    case BpfMapType::hash_of_maps:
      return MapShape{.has_inner_map = true};
    case BpfMapType::reuseport_sockarray:
      return MapShape{.value_size = 8};
    default:
      return MapShape{};
  }
}

BpfSupport support_of_map(BpfMapType type, int error) {
  // A table of functions that is none, said by a kernel that has such maps (kernel/bpf/bpf_struct_ops.c).
  if (error == kEnotsupp)
    return type == BpfMapType::struct_ops ? BpfSupport::yes : BpfSupport::no;
  return support_of_errno(error);
}

int try_map(BpfMapType type, const MapShape& shape) {
  bpf_map_create_opts options{};
  options.sz = sizeof(options);
  options.map_flags = shape.flags;
  StorageBtf types;
  if (shape.has_types) {
    types = load_storage_btf(shape.value_size);
    options.btf_fd = static_cast<__u32>(types.fd.get());
    options.btf_key_type_id = types.key_type_id;
    options.btf_value_type_id = types.value_type_id;
  }
  UniqueFd inner;
  if (shape.has_inner_map) {
    inner = UniqueFd(::bpf_map_create(BPF_MAP_TYPE_ARRAY, "fathom_probe", 4, 4, 1, nullptr));
    if (!inner)
      return errno;
    options.inner_map_fd = static_cast<__u32>(inner.get());
  }
  if (type == BpfMapType::struct_ops)
    options.btf_vmlinux_value_type_id = 1;
  const UniqueFd map(::bpf_map_create(static_cast<bpf_map_type>(type), "fathom_probe", shape.key_size, shape.value_size,
                                      shape.max_entries, &options));
  return map ? 0 : errno;
}

BpfSupport try_shape(BpfMapType type, const MapShape& shape) {
  const PrintScope quiet;
  try {
    return support_of_map(type, try_map(type, shape));
  } catch (const BpfError& error) {
    return error.cause() == BpfCause::denied ? BpfSupport::denied : BpfSupport::unknown;
  }
}

}  // namespace

BpfSupport probe_map_type(BpfMapType type) {
  if (const std::optional<MapShape> shape = shape_of(type))
    return try_shape(type, *shape);
  return type == BpfMapType::unspec ? BpfSupport::no : BpfSupport::unknown;
}

// Kernels that have such links know the flag, and look then for the table.
BpfSupport probe_struct_ops_link() {
  return try_shape(BpfMapType::struct_ops, {.flags = kMapMakesLinks});
}

}  // namespace fathom::bpf
