#pragma once

#include <fathom/bpf/bpf_names.hpp>
#include <fathom/bpf/bpf_types.hpp>
#include <fathom/bpf/detail/keyed_map.hpp>
#include <fathom/bpf/map_cursor.hpp>
#include <fathom/bpf/map_options.hpp>
#include <fathom/bpf/per_cpu.hpp>

#include <cerrno>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace fathom {

/// A hash table in the kernel, shared with BPF programs; used as HashMap, LruHashMap, PerCpuHashMap, LruPerCpuHashMap.
///
///     auto counts = bpf.map<fathom::HashMap<std::uint32_t, Count>>("counts");    // checked against the object's BTF
///     counts.insert(pid, {});
///     if (auto count = counts.find(pid)) std::cout << count->calls << '\n';
///     for (const auto& [pid, count] : counts.entries()) ...
///     auto own = fathom::HashMap<int, int>::create({.name = "own", .max_entries = 100});
///
/// A handle: copies are of one map. Every call is one bpf(2), which copies; none but entries(), count() and what gives
/// a PerCpu allocates. Const members are safe from several threads; each call is atomic for its key, though a value
/// larger than 8 bytes may be torn by a program that writes it in place without a lock. An LRU map throws out old
/// entries when it is full; any other refuses. Needs CAP_BPF. Throws BpfError. Linux 4.10 for all four kinds,
/// batches 5.6, take() 5.14.
template <BpfMapType Type, BpfKey K, BpfValue V>
class BasicHashMap : public detail::KeyedMap<K, V> {
  using Base = detail::KeyedMap<K, V>;
  using Traits = detail::MapValueTraits<V>;

 public:
  /// A map that is there. Throws BpfError (bad_object) if it is of another type, or key or value do not fit.
  explicit BasicHashMap(BpfMap map) : Base(std::move(map), Type) {}
  /// A new map.
  [[nodiscard]] static BasicHashMap create(const MapOptions& options) {
    return BasicHashMap(detail::create_typed(options, Type, sizeof(K), sizeof(typename Traits::Record)));
  }
  /// The map that is pinned there.
  [[nodiscard]] static BasicHashMap open_pinned(const std::string& path) {
    return BasicHashMap(BpfMap::open_pinned(path));
  }
  /// The map of this id. Needs CAP_SYS_ADMIN.
  [[nodiscard]] static BasicHashMap from_id(std::uint32_t id) { return BasicHashMap(BpfMap::from_id(id)); }

  /// Adds the key only if it is not there (BPF_NOEXIST); false if it is.
  bool insert(const K& key, const V& value, ValueLock lock = ValueLock::none) const {
    return this->change(key, value, detail::kNoexist, lock, EEXIST);
  }
  /// Removes the key; false if it is not there.
  bool erase(const K& key) const { return this->done("erase from", detail::map_erase(this->fd(), &key), ENOENT); }
  /// Removes the key and gives the value it had, as one step; empty if it is not there.
  [[nodiscard]] std::optional<V> take(const K& key, ValueLock lock = ValueLock::none) const {
    std::optional<V> value(std::in_place, this->empty());
    const auto flags = static_cast<std::uint64_t>(lock);
    if (!this->done("take from", detail::map_take(this->fd(), &key, Traits::data(*value), flags), ENOENT))
      value.reset();
    return value;
  }

  /// Reads the next entries, at most as many as there is room for, and says how many. May say 0 before the end. The
  /// kernel gives whole buckets: with less room than one has, BpfError (resource, ENOSPC). See entries() for a way
  /// without sizes.
  [[nodiscard]] std::size_t lookup_batch(MapCursor& cursor, std::span<K> keys, std::span<V> values,
                                         ValueLock lock = ValueLock::none) const
    requires(!detail::kIsPerCpu<V>)
  {
    return this->read_batch(detail::map_lookup_batch, "look up a batch in", cursor, keys, values, lock);
  }
  /// The same, and removes them.
  [[nodiscard]] std::size_t take_batch(MapCursor& cursor, std::span<K> keys, std::span<V> values,
                                       ValueLock lock = ValueLock::none) const
    requires(!detail::kIsPerCpu<V>)
  {
    return this->read_batch(detail::map_take_batch, "take a batch from", cursor, keys, values, lock);
  }
  /// Sets the values of all these keys. Throws BpfError with how many were set, if not all.
  void update_batch(std::span<const K> keys, std::span<const V> values, ValueLock lock = ValueLock::none) const
    requires(!detail::kIsPerCpu<V>)
  {
    this->update_all(keys, values, lock);
  }
  /// Removes all these keys and says how many were there.
  std::size_t erase_batch(std::span<const K> keys) const {
    std::size_t erased = 0;
    while (!keys.empty()) {
      detail::MapBatch batch{.keys = keys.data(), .count = static_cast<std::uint32_t>(keys.size())};
      const int error = detail::map_erase_batch(this->fd(), batch);
      erased += batch.count;
      if (error == 0)
        break;
      // It stops at the first key that is not there.
      if (error != ENOENT)
        this->fail("erase a batch from", error, std::to_string(erased) + " entries were erased");
      keys = keys.subspan(batch.count + 1U);
    }
    return erased;
  }

  /// How many entries there are, by going through all: the kernel does not tell.
  [[nodiscard]] std::size_t count() const {
    detail::MapWalk walk(this->map(), this->value_bytes());
    std::size_t entries = 0;
    while (walk.next())
      ++entries;
    return entries;
  }
};

/// BPF_MAP_TYPE_HASH
template <BpfKey K, BpfRecord V>
using HashMap = BasicHashMap<BpfMapType::hash, K, V>;
/// BPF_MAP_TYPE_LRU_HASH: a full map throws out what was not used for long.
template <BpfKey K, BpfRecord V>
using LruHashMap = BasicHashMap<BpfMapType::lru_hash, K, V>;
/// BPF_MAP_TYPE_PERCPU_HASH: each CPU has a value of its own for a key.
template <BpfKey K, BpfRecord V>
using PerCpuHashMap = BasicHashMap<BpfMapType::percpu_hash, K, PerCpu<V>>;
/// BPF_MAP_TYPE_LRU_PERCPU_HASH
template <BpfKey K, BpfRecord V>
using LruPerCpuHashMap = BasicHashMap<BpfMapType::lru_percpu_hash, K, PerCpu<V>>;

/// \cond
// Cases of BpfMapClass, which bpf_names.hpp describes.
template <BpfKey K, BpfRecord V>
struct BpfMapClass<BpfMapType::hash, K, V> {
  using Class = HashMap<K, V>;
};
template <BpfKey K, BpfRecord V>
struct BpfMapClass<BpfMapType::lru_hash, K, V> {
  using Class = LruHashMap<K, V>;
};
template <BpfKey K, BpfRecord V>
struct BpfMapClass<BpfMapType::percpu_hash, K, V> {
  using Class = PerCpuHashMap<K, V>;
};
template <BpfKey K, BpfRecord V>
struct BpfMapClass<BpfMapType::lru_percpu_hash, K, V> {
  using Class = LruPerCpuHashMap<K, V>;
};
/// \endcond

}  // namespace fathom
