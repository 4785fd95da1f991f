#pragma once

#include <fathom/bpf/bpf_names.hpp>
#include <fathom/bpf/bpf_types.hpp>
#include <fathom/bpf/detail/keyed_map.hpp>
#include <fathom/bpf/map_options.hpp>

#include <cerrno>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace fathom {

/// The key of a trie: the first `prefixlen` bits of `data`, which counts from the high bit of its first byte, so that
/// numbers are in network byte order.
///
///     using Subnet = fathom::LpmKey<std::array<std::uint8_t, 4>>;
///     const Subnet loopback{8, {127, 0, 0, 0}};
template <BpfRecord T>
  requires(detail::has_no_padding<T>() && alignof(T) <= 4 && sizeof(T) % 4 == 0)
struct LpmKey {
  std::uint32_t prefixlen{};  ///< bits, at most those of `data`
  T data{};                   ///< what the bits are taken from; those behind the prefix count for nothing
};

/// What the key of a trie is: LpmKey, or a struct of one's own that begins with the length as LpmKey does.
template <class K>
concept BpfLpmKey = BpfKey<K> && requires(K key) {
  { key.prefixlen } -> std::same_as<std::uint32_t&>;
} && (sizeof(K) > 4);

/// A trie of prefixes in the kernel (BPF_MAP_TYPE_LPM_TRIE), as of routes: a look-up finds the longest prefix that
/// fits.
///
///     auto routes = bpf.map<fathom::LpmTrie<Subnet, std::uint32_t>>("routes");
///     routes.update({8, {10, 0, 0, 0}}, 1);
///     routes.find({32, {10, 1, 2, 3}});      // 1: with all bits, what an address belongs to
///
/// find() and contains() take the longest prefix that fits; insert, erase and entries() mean one prefix exactly. A
/// prefix that others remove while entries() is at it may come with the value of the one around it: the kernel has no
/// exact look-up. A handle: copies are of one map. Const members are safe from several threads. Needs CAP_BPF. Throws
/// BpfError. Linux 4.11; entries() 4.16.
template <BpfLpmKey K, BpfRecord V>
class LpmTrie : public detail::KeyedMap<K, V> {
  using Base = detail::KeyedMap<K, V>;

 public:
  /// A map that is there. Throws BpfError (bad_object) if it is of another type, or key or value do not fit.
  explicit LpmTrie(BpfMap map) : Base(std::move(map), BpfMapType::lpm_trie) {}
  /// A new map, with BPF_F_NO_PREALLOC, which the kernel asks for.
  [[nodiscard]] static LpmTrie create(const MapOptions& options) {
    return LpmTrie(detail::create_typed(options, BpfMapType::lpm_trie, sizeof(K), sizeof(V)));
  }
  /// The map that is pinned there.
  [[nodiscard]] static LpmTrie open_pinned(const std::string& path) { return LpmTrie(BpfMap::open_pinned(path)); }
  /// The map of this id. Needs CAP_SYS_ADMIN.
  [[nodiscard]] static LpmTrie from_id(std::uint32_t id) { return LpmTrie(BpfMap::from_id(id)); }

  /// Adds the prefix only if it is not there (BPF_NOEXIST); false if it is.
  bool insert(const K& key, const V& value) const {
    return this->change(key, value, detail::kNoexist, ValueLock::none, EEXIST);
  }
  /// Removes the prefix; false if it is not there.
  bool erase(const K& key) const { return this->done("erase from", detail::map_erase(this->fd(), &key), ENOENT); }
};

/// \cond
// Cases of BpfMapClass, which bpf_names.hpp describes.
template <BpfLpmKey K, BpfRecord V>
struct BpfMapClass<BpfMapType::lpm_trie, K, V> {
  using Class = LpmTrie<K, V>;
};
/// \endcond

}  // namespace fathom
