#pragma once

#include <fathom/bpf/bpf_map.hpp>
#include <fathom/bpf/bpf_types.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace fathom {

/// How a map is made without an object file; types and sizes are those of the typed map.
///
///     auto seen = fathom::HashMap<std::uint32_t, std::uint64_t>::create({.name = "seen", .max_entries = 1024});
struct MapOptions {
  std::string name{};             ///< the kernel keeps 15 bytes of letters, digits, '_' and '.'; may be empty
  std::uint32_t max_entries = 1;  ///< bytes of a ring buffer, pages of an arena
  std::uint32_t flags{};          ///< BPF_F_NO_PREALLOC and so on; those that a type cannot be without are added
  std::uint64_t extra{};          ///< `map_extra`: the number of hashes of a bloom filter, the address of an arena
  std::optional<std::uint32_t> numa_node{};  ///< whose memory it takes (BPF_F_NUMA_NODE is added); absent for any
  /// A file in a bpf file system: the map that is pinned there is used if it is of the same type, sizes and flags, else
  /// a new one is pinned there. Empty for neither.
  std::string pin_path{};
};

/// How a map without C++ types is made: create_map().
struct BpfMapOptions {
  MapOptions common{};         ///< what a typed map is made with as well
  BpfMapType type{};           ///< must be given
  std::uint32_t key_size{};    ///< bytes
  std::uint32_t value_size{};  ///< bytes
  /// Of a map of maps: a map like those that it will hold.
  std::optional<BpfMap> inner_map{};
};

/// Makes a map. Task, socket, inode and cgroup storage get the BTF that the kernel asks of them. Needs CAP_BPF, for
/// some types CAP_NET_ADMIN too. Throws BpfError: unsupported where the kernel does not know the type, bad_object where
/// another kind of map is pinned at `pin_path`.
[[nodiscard]] BpfMap create_map(const BpfMapOptions& options);

/// Whether a look-up or update holds the `struct bpf_spin_lock` in the value meanwhile (BPF_F_LOCK), so that it is
/// whole where programs write it under that lock. What is read or written leaves the lock itself out. Linux 5.1.
enum class ValueLock : std::uint64_t { none = 0, bpf_spin_lock = 4 };

}  // namespace fathom
