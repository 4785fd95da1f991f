#pragma once

#include <fathom/bpf/bpf_names.hpp>
#include <fathom/bpf/bpf_types.hpp>
#include <fathom/bpf/detail/typed_map.hpp>
#include <fathom/bpf/map_options.hpp>

#include <cerrno>
#include <cstdint>
#include <string>
#include <utility>

namespace fathom {

/// A set in the kernel that may err on the side of yes (BPF_MAP_TYPE_BLOOM_FILTER).
///
///     auto seen = fathom::BloomFilter<std::uint64_t>::create({.name = "seen", .max_entries = 10'000, .extra = 5});
///     seen.add(inode);
///     if (!seen.may_contain(other)) ...                // surely not added
///
/// max_entries is how many values it is laid out for, `extra` the number of hashes (1 to 15; 0 is 5). Values cannot be
/// removed or listed. A handle: copies are of one map. Const members are safe from several threads and allocate
/// nothing. Needs CAP_BPF. Throws BpfError. Linux 5.16.
template <BpfKey V>
class BloomFilter : public detail::TypedMap {
 public:
  using Value = V;  ///< what the set is of

  /// A map that is there. Throws BpfError (bad_object) if it is of another type, or its values do not fit.
  explicit BloomFilter(BpfMap map)
      : TypedMap(std::move(map), BpfMapType::bloom_filter, detail::no_record(), detail::cpp_record<V>()) {}
  /// A new map.
  [[nodiscard]] static BloomFilter create(const MapOptions& options) {
    return BloomFilter(detail::create_typed(options, BpfMapType::bloom_filter, 0, sizeof(V)));
  }
  /// The map that is pinned there.
  [[nodiscard]] static BloomFilter open_pinned(const std::string& path) {
    return BloomFilter(BpfMap::open_pinned(path));
  }

  /// Adds the value.
  void add(const V& value) const {
    static_cast<void>(done("add to", detail::map_update(fd(), nullptr, &value, detail::kAny), 0));
  }
  /// False: it was never added. True: it was, or looks like those that were.
  [[nodiscard]] bool may_contain(const V& value) const {
    V asked = value;  // the kernel reads it where other maps write
    return done("look up a value in", detail::map_lookup(fd(), nullptr, &asked, 0), ENOENT);
  }
};

/// \cond
// Cases of BpfMapClass, which bpf_names.hpp describes.
template <class K, BpfKey V>
struct BpfMapClass<BpfMapType::bloom_filter, K, V> {
  using Class = BloomFilter<V>;
};
/// \endcond

}  // namespace fathom
