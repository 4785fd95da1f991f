#pragma once

#include <fathom/bpf/bpf_map.hpp>
#include <fathom/bpf/bpf_types.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace fathom {

/// A map of an opened object, before it is made: a plain value, to be edited in place.
///
///     auto object = fathom::BpfObject::open("trace.bpf.o");
///     object.map("counts").max_entries = cpus;
///     object.map("config").reuse = fathom::BpfMap::open_pinned("/sys/fs/bpf/config");
///
/// Globals are in maps as well (`.rodata .data .bss`): those are edited by BpfObject::variable().
struct MapSpec {
  std::string name;             ///< says which map this is, and is not to be changed
  BpfMapType type{};            ///< as declared
  std::uint32_t key_size{};     ///< bytes
  std::uint32_t value_size{};   ///< bytes
  std::uint32_t max_entries{};  ///< 0 of a perf_event_array is one for each possible CPU
  std::uint32_t flags{};        ///< BPF_F_NO_PREALLOC and so on
  std::uint64_t extra{};        ///< `map_extra`: the number of hashes of a bloom filter
  std::uint32_t numa_node{};    ///< counts with BPF_F_NUMA_NODE in `flags`
  bool autocreate = true;       ///< whether load() makes it; programs that use it must not be loaded if not
  bool is_global_data = false;  ///< holds global variables; not to be changed
  /// Where load() pins it, or finds the map that somebody pinned there before; empty for neither. A file in a bpf file
  /// system. A declaration with `LIBBPF_PIN_BY_NAME` sets it.
  std::string pin_path;
  /// The map to use in place of a new one.
  std::optional<BpfMap> reuse;
  /// Of a map of maps: a map like those that it will hold, where the declaration gives none.
  std::optional<BpfMap> inner_map;
};

}  // namespace fathom
