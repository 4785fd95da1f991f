#pragma once

#include <fathom/bpf/bpf_names.hpp>
#include <fathom/bpf/bpf_types.hpp>
#include <fathom/bpf/detail/keyed_map.hpp>
#include <fathom/bpf/map_options.hpp>
#include <fathom/bpf/per_cpu.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

namespace fathom {

/// An array in the kernel, shared with BPF programs; used as ArrayMap and PerCpuArrayMap. All its elements are always
/// there, at first of zero bytes: max_entries() is its size, and find() is empty only beyond it.
///
///     auto config = bpf.map<fathom::ArrayMap<Config>>("config");
///     config.update(0, {.limit = 10});
///     for (const auto& [index, value] : config.entries()) ...
///
/// A handle: copies are of one map. Every call is one bpf(2), which copies; none but entries() and what gives a PerCpu
/// allocates. Const members are safe from several threads. Needs CAP_BPF. Throws BpfError. Linux 4.6 for both kinds,
/// batches 5.6.
template <BpfMapType Type, BpfValue V>
class BasicArrayMap : public detail::KeyedMap<std::uint32_t, V> {
  using Base = detail::KeyedMap<std::uint32_t, V>;

 public:
  /// A map that is there. Throws BpfError (bad_object) if it is of another type, or its elements do not fit.
  explicit BasicArrayMap(BpfMap map) : Base(std::move(map), Type) {}
  /// A new map.
  [[nodiscard]] static BasicArrayMap create(const MapOptions& options) {
    using Record = typename detail::MapValueTraits<V>::Record;
    return BasicArrayMap(detail::create_typed(options, Type, sizeof(std::uint32_t), sizeof(Record)));
  }
  /// The map that is pinned there.
  [[nodiscard]] static BasicArrayMap open_pinned(const std::string& path) {
    return BasicArrayMap(BpfMap::open_pinned(path));
  }
  /// The map of this id. Needs CAP_SYS_ADMIN.
  [[nodiscard]] static BasicArrayMap from_id(std::uint32_t id) { return BasicArrayMap(BpfMap::from_id(id)); }

  /// Reads the next elements, at most as many as there is room for, and says how many.
  [[nodiscard]] std::size_t lookup_batch(MapCursor& cursor, std::span<std::uint32_t> indexes, std::span<V> values,
                                         ValueLock lock = ValueLock::none) const
    requires(!detail::kIsPerCpu<V>)
  {
    return this->read_batch(detail::map_lookup_batch, "look up a batch in", cursor, indexes, values, lock);
  }
  /// Sets these elements. Throws BpfError with how many were set, if not all.
  void update_batch(std::span<const std::uint32_t> indexes, std::span<const V> values,
                    ValueLock lock = ValueLock::none) const
    requires(!detail::kIsPerCpu<V>)
  {
    this->update_all(indexes, values, lock);
  }
};

/// BPF_MAP_TYPE_ARRAY
template <BpfRecord V>
using ArrayMap = BasicArrayMap<BpfMapType::array, V>;
/// BPF_MAP_TYPE_PERCPU_ARRAY: each CPU has an element of its own at an index.
template <BpfRecord V>
using PerCpuArrayMap = BasicArrayMap<BpfMapType::percpu_array, PerCpu<V>>;

/// \cond
// Cases of BpfMapClass, which bpf_names.hpp describes.
template <class K, BpfRecord V>
struct BpfMapClass<BpfMapType::array, K, V> {
  using Class = ArrayMap<V>;
};
template <class K, BpfRecord V>
struct BpfMapClass<BpfMapType::percpu_array, K, V> {
  using Class = PerCpuArrayMap<V>;
};
/// \endcond

}  // namespace fathom
