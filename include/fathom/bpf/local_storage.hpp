#pragma once

#include <fathom/bpf/bpf_names.hpp>
#include <fathom/bpf/bpf_types.hpp>
#include <fathom/bpf/detail/keyed_map.hpp>
#include <fathom/bpf/map_options.hpp>

#include <cerrno>
#include <cstdint>
#include <string>
#include <utility>

namespace fathom {

/// A value that the kernel keeps beside a thing of its own and frees with it; used as TaskStorage, SkStorage,
/// InodeStorage, CgroupStorage. A system call names the thing by a descriptor: a pidfd, a socket, a file, a cgroup's
/// folder.
///
///     auto spent = bpf.map<fathom::TaskStorage<std::uint64_t>>("spent");
///     if (auto time = spent.find(child.pidfd())) std::cout << *time << " ns\n";
///
/// There is a value only where a program or update() made one; the kernel has no way to go through them. A handle:
/// copies are of one map. Every call is one bpf(2) and allocates nothing. Const members are safe from several threads.
/// Needs CAP_BPF. Throws BpfError: EBADF for a descriptor of another kind. Linux 5.2 for sockets (from user
/// space 5.4), 5.10 for inodes (with BPF LSM), 5.11 for tasks, 6.2 for cgroups.
template <BpfMapType Type, BpfRecord V>
class LocalStorage : protected detail::KeyedMap<int, V> {
  using Base = detail::KeyedMap<int, V>;

 public:
  using Value = V;  ///< what is kept beside each thing

  /// A map that is there. Throws BpfError (bad_object) if it is of another type, or its values do not fit.
  explicit LocalStorage(BpfMap untyped) : Base(std::move(untyped), Type) {}
  /// A new map: max_entries has no meaning and is taken as 0.
  [[nodiscard]] static LocalStorage create(MapOptions options) {
    options.max_entries = 0;
    return LocalStorage(detail::create_typed(options, Type, sizeof(int), sizeof(V)));
  }
  /// The map that is pinned there.
  [[nodiscard]] static LocalStorage open_pinned(const std::string& path) {
    return LocalStorage(BpfMap::open_pinned(path));
  }

  using Base::assign;
  using Base::contains;
  using Base::find;
  using Base::key_check;
  using Base::map;
  using Base::name;
  using Base::pin;
  using Base::unpin;
  using Base::update;
  using Base::value_check;

  /// Makes the value only if there is none (BPF_NOEXIST); false if there is.
  bool insert(int descriptor, const V& value, ValueLock lock = ValueLock::none) const {
    return this->change(descriptor, value, detail::kNoexist, lock, EEXIST);
  }
  /// Removes the value; false if there is none.
  bool erase(int descriptor) const {
    return this->done("erase from", detail::map_erase(this->fd(), &descriptor), ENOENT);
  }
};

/// BPF_MAP_TYPE_TASK_STORAGE, by pidfd
template <BpfRecord V>
using TaskStorage = LocalStorage<BpfMapType::task_storage, V>;
/// BPF_MAP_TYPE_SK_STORAGE, by socket
template <BpfRecord V>
using SkStorage = LocalStorage<BpfMapType::sk_storage, V>;
/// BPF_MAP_TYPE_INODE_STORAGE, by open file
template <BpfRecord V>
using InodeStorage = LocalStorage<BpfMapType::inode_storage, V>;
/// BPF_MAP_TYPE_CGRP_STORAGE, by the open folder of a cgroup
template <BpfRecord V>
using CgroupStorage = LocalStorage<BpfMapType::cgrp_storage, V>;

/// \cond
// Cases of BpfMapClass, which bpf_names.hpp describes.
template <class K, BpfRecord V>
struct BpfMapClass<BpfMapType::task_storage, K, V> {
  using Class = TaskStorage<V>;
};
template <class K, BpfRecord V>
struct BpfMapClass<BpfMapType::sk_storage, K, V> {
  using Class = SkStorage<V>;
};
template <class K, BpfRecord V>
struct BpfMapClass<BpfMapType::inode_storage, K, V> {
  using Class = InodeStorage<V>;
};
template <class K, BpfRecord V>
struct BpfMapClass<BpfMapType::cgrp_storage, K, V> {
  using Class = CgroupStorage<V>;
};
/// \endcond

}  // namespace fathom
