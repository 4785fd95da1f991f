#pragma once

#include <fathom/bpf/bpf_map.hpp>
#include <fathom/bpf/bpf_names.hpp>
#include <fathom/bpf/bpf_types.hpp>
#include <fathom/bpf/detail/fd_map.hpp>
#include <fathom/bpf/map_options.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace fathom {

/// \cond
namespace detail {

[[nodiscard]] inline BpfMap untyped(const BpfMap& map) noexcept {
  return map;
}
template <class Map>
[[nodiscard]] BpfMap untyped(const Map& map) {
  return map.map();
}

}  // namespace detail
/// \endcond

/// A map whose values are maps; used as ArrayOfMaps and HashOfMaps.
///
///     using PerPid = fathom::HashMap<std::uint32_t, Count>;
///     auto tables = fathom::HashOfMaps<std::uint32_t, PerPid>::create({.name = "tables", .max_entries = 16}, like);
///     tables.set(1, PerPid::create({.max_entries = 64}));
///     if (auto table = tables.find(1)) table->update(pid, {});
///
/// `Inner` is the class of the maps in it, or BpfMap for maps whose types are known only at run time: that is what
/// `bpf.map(NAME)` gives for a map of an object, since its BTF names no class:
///
///     auto tables = bpf.map(counter::tables);                              // HashOfMaps<std::uint32_t, BpfMap>
///     if (auto table = tables.find(1)) PerPid(*table).update(pid, {});
///
/// All inner maps must have the type and sizes of the one that it was made with (max_entries too, but for arrays with
/// BPF_F_INNER_MAP since Linux 5.10, and hashes). A program may still use an inner map that was replaced, for a moment.
/// A handle: copies are of one map. Const members are safe from several threads. find() needs CAP_SYS_ADMIN, since the
/// kernel tells only an id; the rest CAP_BPF. Throws BpfError. Linux 4.12.
template <BpfMapType Type, BpfKey K, class Inner>
class BasicMapOfMaps : public detail::FdMap {
 public:
  using Key = K;  ///< the type of its keys

  /// A map that is there. Throws BpfError (bad_object) if it is of another type, or its key does not fit.
  explicit BasicMapOfMaps(const BpfMap& map) : FdMap(map, Type, detail::cpp_record<K>()) {}
  /// A new map, for maps like this one.
  [[nodiscard]] static BasicMapOfMaps create(const MapOptions& options, const Inner& like) {
    return BasicMapOfMaps(create_map({.common = options,
                                      .type = Type,
                                      .key_size = sizeof(K),
                                      .value_size = sizeof(std::uint32_t),
                                      .inner_map = detail::untyped(like)}));
  }
  /// The map that is pinned there.
  [[nodiscard]] static BasicMapOfMaps open_pinned(const std::string& path) {
    return BasicMapOfMaps(BpfMap::open_pinned(path));
  }

  /// Puts the map there, in place of what was there.
  void set(const K& key, const Inner& inner) const { set_fd(&key, detail::untyped(inner).native_handle()); }
  /// Removes what is there; false if nothing is.
  bool erase(const K& key) const { return erase_key(&key); }
  /// The map that is there; empty if none is.
  [[nodiscard]] std::optional<Inner> find(const K& key) const {
    const auto id = find_number(&key);
    return id ? std::optional<Inner>(Inner(BpfMap::from_id(static_cast<std::uint32_t>(*id)))) : std::nullopt;
  }
};

/// BPF_MAP_TYPE_ARRAY_OF_MAPS
template <class Inner>
using ArrayOfMaps = BasicMapOfMaps<BpfMapType::array_of_maps, std::uint32_t, Inner>;
/// BPF_MAP_TYPE_HASH_OF_MAPS
template <BpfKey K, class Inner>
using HashOfMaps = BasicMapOfMaps<BpfMapType::hash_of_maps, K, Inner>;

/// \cond
// Cases of BpfMapClass, which bpf_names.hpp describes. An array's key is known where the object does not name it.
template <class K, class V>
struct BpfMapClass<BpfMapType::array_of_maps, K, V> {
  using Class = ArrayOfMaps<BpfMap>;
};
template <BpfKey K, class V>
struct BpfMapClass<BpfMapType::hash_of_maps, K, V> {
  using Class = HashOfMaps<K, BpfMap>;
};
/// \endcond

}  // namespace fathom
