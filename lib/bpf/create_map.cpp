#include "error_cause.hpp"
#include "handles.hpp"
#include "object_file.hpp"
#include "pins.hpp"
#include "storage_btf.hpp"

#include <fathom/base/unique_fd.hpp>
#include <fathom/bpf/map_options.hpp>

#include <bpf/bpf.h>
#include <linux/bpf.h>

#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fathom {

namespace {

bool is_storage(BpfMapType type) {
  return type == BpfMapType::sk_storage || type == BpfMapType::inode_storage || type == BpfMapType::task_storage ||
         type == BpfMapType::cgrp_storage;
}

std::uint32_t flags_of(const BpfMapOptions& options) {
  std::uint32_t flags = options.common.flags;
  if (options.common.numa_node)
    flags |= BPF_F_NUMA_NODE;
  if (is_storage(options.type) || options.type == BpfMapType::lpm_trie)
    flags |= BPF_F_NO_PREALLOC;
  if (options.type == BpfMapType::arena)
    flags |= BPF_F_MMAPABLE;
  return flags;
}

std::string shown_name(const BpfMapOptions& options) {
  if (!options.common.name.empty())
    return options.common.name;
  const std::string_view type = to_string(options.type);
  return "a map of type " +
         (type.empty() ? std::to_string(static_cast<std::uint32_t>(options.type)) : std::string(type));
}

// The kernel says EINVAL of a type that it does not know, and of much else.
BpfError create_error(int error, const BpfMapOptions& options) {
  BpfFailure failure{.errno_value = error,
                     .operation = "make",
                     .object = {},
                     .name = shown_name(options),
                     .cause = bpf::cause_of(error, false)};
  if (failure.cause == BpfCause::denied)
    failure.hint = bpf::denied_hint(bpf::right_to_make(options.type));
  else if (error == EINVAL)
    failure.hint = "the kernel does not know this type, or does not take these sizes or flags for it: " +
                   std::to_string(options.key_size) + " bytes of key, " + std::to_string(options.value_size) +
                   " of value, " + std::to_string(options.common.max_entries) + " entries, flags " +
                   std::to_string(flags_of(options));
  else if (error == E2BIG || error == ENOMEM)
    failure.hint = "it is too large for this kernel: " + std::to_string(options.common.max_entries) + " entries";
  return BpfError(std::move(failure));
}

BpfMap make(const BpfMapOptions& options) {
  bpf_map_create_opts more{};
  more.sz = sizeof(more);
  more.map_flags = flags_of(options);
  more.map_extra = options.common.extra;
  more.numa_node = options.common.numa_node.value_or(0);
  more.inner_map_fd = options.inner_map ? static_cast<__u32>(options.inner_map->native_handle()) : 0;
  UniqueFd types;
  if (is_storage(options.type)) {
    bpf::StorageBtf btf = bpf::load_storage_btf(options.value_size);
    types = std::move(btf.fd);
    more.btf_fd = static_cast<__u32>(types.get());
    more.btf_key_type_id = btf.key_type_id;
    more.btf_value_type_id = btf.value_type_id;
  }
  UniqueFd fd(::bpf_map_create(static_cast<bpf_map_type>(options.type), options.common.name.c_str(), options.key_size,
                               options.value_size, options.common.max_entries, &more));
  if (!fd)
    throw create_error(errno, options);
  return MapAccess::adopt(std::move(fd));
}

// The map that is pinned, if one is.
std::optional<BpfMap> pinned(const BpfMapOptions& options) {
  UniqueFd fd(::bpf_obj_get(options.common.pin_path.c_str()));
  if (!fd && errno == ENOENT)
    return std::nullopt;
  if (!fd)
    throw bpf::open_pin_error(errno, options.common.pin_path);
  BpfMap map = MapAccess::adopt(std::move(fd));
  // The kernel sets this by itself on some types (kernel/bpf/devmap.c).
  constexpr std::uint32_t kOwn = BPF_F_RDONLY_PROG;
  const bool same = map.type() == options.type && map.key_size() == options.key_size &&
                    map.value_size() == options.value_size && map.max_entries() == options.common.max_entries &&
                    (map.flags() | kOwn) == (flags_of(options) | kOwn);
  if (!same)
    throw bpf::bad_object(EEXIST, "use the pinned map", options.common.pin_path, {},
                          "it is of another type, of other sizes or flags than those asked for");
  return map;
}

}  // namespace

BpfMap create_map(const BpfMapOptions& options) {
  if (options.common.pin_path.empty())
    return make(options);
  if (auto found = pinned(options))
    return *found;
  BpfMap map = make(options);
  try {
    map.pin(options.common.pin_path);
  } catch (const BpfError& error) {
    // Somebody else was faster: theirs is as good.
    if (error.code().value() != EEXIST)
      throw;
    if (auto found = pinned(options))
      return *found;
    throw;
  }
  return map;
}

}  // namespace fathom
