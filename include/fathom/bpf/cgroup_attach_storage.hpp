#pragma once

#include <fathom/bpf/bpf_names.hpp>
#include <fathom/bpf/bpf_types.hpp>
#include <fathom/bpf/detail/keyed_map.hpp>
#include <fathom/bpf/map_options.hpp>
#include <fathom/bpf/per_cpu.hpp>
#include <fathom/bpf/record_layout.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace fathom {

/// Whose value it is, in a CgroupAttachStorage: `struct bpf_cgroup_storage_key`.
struct CgroupStorageKey {
  std::uint64_t cgroup_inode_id{};  ///< Cgroup::id()
  BpfAttachType attach_type{};      ///< what the program is attached by
  std::uint32_t padding{};          ///< of no meaning
};
/// \cond
FATHOM_RECORD(CgroupStorageKey, cgroup_inode_id, attach_type);
/// \endcond

/// A value that the kernel keeps for each cgroup and attach type that a program with bpf_get_local_storage() is
/// attached to; used as CgroupAttachStorage, PerCpuCgroupAttachStorage. The kernel advises against it since Linux 6.2,
/// in favour of CgroupStorage.
///
///     auto seen = bpf.map<fathom::CgroupAttachStorage<Seen>>("seen");
///     if (auto value = seen.find({cgroup.id(), fathom::BpfAttachType::cgroup_inet_egress})) ...
///     for (const auto& [key, value] : seen.entries()) ...
///
/// Attaching makes the value, with bytes of 0, unless there is one; it stays when the program is detached, until the
/// cgroup or the map goes (before Linux 5.9 detaching freed it). User space can read and write it, but neither make nor
/// remove one. With a key of 64 bits, the cgroup's id, one value is shared by all attach types (Linux 5.9). A handle:
/// copies are of one map. Const members are safe from several threads. Needs CAP_BPF. Throws BpfError. Linux 4.19, 4.20
/// for one value a CPU.
template <BpfMapType Type, BpfValue V, BpfKey K>
class BasicCgroupAttachStorage : protected detail::KeyedMap<K, V> {
  static_assert(sizeof(K) == 8 || sizeof(K) == 16, "the key is a cgroup's id, or CgroupStorageKey");
  using Base = detail::KeyedMap<K, V>;

 public:
  using Key = K;    ///< CgroupStorageKey, or the cgroup's id alone
  using Value = V;  ///< what is kept

  /// A map that is there. Throws BpfError (bad_object) if it is of another type, or key or value do not fit.
  explicit BasicCgroupAttachStorage(BpfMap untyped) : Base(std::move(untyped), Type) {}
  /// A new map, for MapSpec::reuse: max_entries has no meaning and is taken as 0.
  [[nodiscard]] static BasicCgroupAttachStorage create(MapOptions options) {
    options.max_entries = 0;
    return BasicCgroupAttachStorage(
        detail::create_typed(options, Type, sizeof(K), sizeof(typename detail::MapValueTraits<V>::Record)));
  }
  /// The map that is pinned there.
  [[nodiscard]] static BasicCgroupAttachStorage open_pinned(const std::string& path) {
    return BasicCgroupAttachStorage(BpfMap::open_pinned(path));
  }

  using Base::assign;
  using Base::contains;
  using Base::entries;
  using Base::find;
  using Base::key_check;
  using Base::make_value;
  using Base::map;
  using Base::name;
  using Base::pin;
  using Base::unpin;
  using Base::value_check;
};

/// BPF_MAP_TYPE_CGROUP_STORAGE
template <BpfRecord V, BpfKey K = CgroupStorageKey>
using CgroupAttachStorage = BasicCgroupAttachStorage<BpfMapType::cgroup_storage, V, K>;
/// BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE: each CPU has a value of its own.
template <BpfRecord V, BpfKey K = CgroupStorageKey>
using PerCpuCgroupAttachStorage = BasicCgroupAttachStorage<BpfMapType::percpu_cgroup_storage, PerCpu<V>, K>;

/// \cond
// Cases of BpfMapClass, which bpf_names.hpp describes.
template <BpfKey K, BpfRecord V>
struct BpfMapClass<BpfMapType::cgroup_storage, K, V> {
  using Class = CgroupAttachStorage<V, K>;
};
template <BpfKey K, BpfRecord V>
struct BpfMapClass<BpfMapType::percpu_cgroup_storage, K, V> {
  using Class = PerCpuCgroupAttachStorage<V, K>;
};
/// \endcond

}  // namespace fathom
