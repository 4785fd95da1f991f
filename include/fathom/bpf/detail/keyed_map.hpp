#pragma once

#include <fathom/bpf/detail/typed_map.hpp>
#include <fathom/bpf/map_cursor.hpp>
#include <fathom/bpf/map_entries.hpp>
#include <fathom/bpf/per_cpu.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace fathom::detail {

/// Look-ups, updates and going through the entries: what maps with keys and values share.
template <BpfKey K, BpfValue V>
class KeyedMap : public TypedMap {
 protected:
  using Traits = MapValueTraits<V>;

 public:
  using Key = K;
  using Value = V;

  /// The value of this key; empty if there is none. Of a per-CPU map allocates: the other find() does not.
  [[nodiscard]] std::optional<V> find(const K& key, ValueLock lock = ValueLock::none) const {
    std::optional<V> value(std::in_place, empty());
    if (!find(key, *value, lock))
      value.reset();
    return value;
  }
  /// The same into a value that is there; false, and the value is as it was, if there is none. A PerCpu must have as
  /// many values as this map's, as those of make_value() and find() do; of any other throws (EINVAL).
  [[nodiscard]] bool find(const K& key, V& into, ValueLock lock = ValueLock::none) const {
    check_cpus("look up a key in", into);
    return done("look up a key in", map_lookup(fd(), &key, Traits::data(into), static_cast<std::uint64_t>(lock)),
                ENOENT);
  }
  [[nodiscard]] bool contains(const K& key) const {
    V value = empty();
    return find(key, value);
  }

  /// Sets the value of this key, which is added if it is not there (BPF_ANY). Throws BpfError (resource) if the map is
  /// full.
  void update(const K& key, const V& value, ValueLock lock = ValueLock::none) const {
    static_cast<void>(change(key, value, kAny, lock, 0));
  }
  /// Sets the value only if the key is there (BPF_EXIST); false if it is not.
  bool assign(const K& key, const V& value, ValueLock lock = ValueLock::none) const {
    return change(key, value, kExist, lock, ENOENT);
  }

  /// All entries: `for (const auto& [key, value] : map.entries())`. See MapEntries for what it promises while others
  /// change the map.
  [[nodiscard]] MapEntries<K, V> entries() const { return {map(), empty(), value_bytes()}; }

  /// A value of zero bytes, with one for each CPU if it is a PerCpu.
  [[nodiscard]] V make_value() const { return empty(); }

 protected:
  KeyedMap(BpfMap map, BpfMapType type)
      : TypedMap(std::move(map), type, cpp_record<K>(), cpp_record<typename Traits::Record>()),
        cpus_(kIsPerCpu<V> ? possible_cpus() : 1) {}

  [[nodiscard]] V empty() const {
    if constexpr (kIsPerCpu<V>)
      return V(cpus_);
    else
      return V{};
  }
  /// What a system call reads and writes.
  [[nodiscard]] std::size_t value_bytes() const noexcept { return Traits::stride() * cpus_; }

  [[nodiscard]] bool change(const K& key, const V& value, std::uint64_t mode, ValueLock lock, int absent) const {
    check_cpus("update", value);
    return done("update", map_update(fd(), &key, Traits::data(value), mode | static_cast<std::uint64_t>(lock)), absent);
  }
  // Which of two look-ups in a batch, and where it goes on.
  template <class Call>
  [[nodiscard]] std::size_t read_batch(Call call, std::string_view operation, MapCursor& cursor, std::span<K> keys,
                                       std::span<V> values, ValueLock lock) const
    requires(!kIsPerCpu<V>)
  {
    if (cursor.at_end_)
      return 0;
    MapBatch batch{.from = cursor.started_ ? &cursor.position_ : nullptr,
                   .to = &cursor.position_,
                   .keys = keys.data(),
                   .values = values.data(),
                   .count = static_cast<std::uint32_t>(std::min(keys.size(), values.size())),
                   .flags = static_cast<std::uint64_t>(lock)};
    const int error = call(fd(), batch);
    cursor.started_ = true;
    // The last batch has entries and says ENOENT at once (kernel/bpf/hashtab.c, generic_map_lookup_batch).
    cursor.at_end_ = error == ENOENT;
    if (error != 0 && error != ENOENT)
      fail(operation, error, error == ENOSPC ? "there is less room than entries in one bucket" : "");
    return batch.count;
  }
  void update_all(std::span<const K> keys, std::span<const V> values, ValueLock lock) const
    requires(!kIsPerCpu<V>)
  {
    if (keys.size() != values.size())
      fail("update", EINVAL, std::to_string(keys.size()) + " keys and " + std::to_string(values.size()) + " values");
    if (keys.empty())
      return;  // the kernel takes no empty batch
    MapBatch batch{.keys = keys.data(),
                   .values = values.data(),
                   .count = static_cast<std::uint32_t>(keys.size()),
                   .flags = static_cast<std::uint64_t>(lock)};
    if (const int error = map_update_batch(fd(), batch); error != 0)
      fail("update", error, std::to_string(batch.count) + " of " + std::to_string(keys.size()) + " entries were set");
  }

 private:
  // The kernel copies as many values as there are CPUs, whatever memory it is given.
  void check_cpus(std::string_view operation, const V& value) const {
    if constexpr (kIsPerCpu<V>) {
      if (value.size() != cpus_) [[unlikely]]
        fail(operation, EINVAL,
             "the value is for " + std::to_string(value.size()) + " CPUs, the map's for " + std::to_string(cpus_));
    }
  }

  std::uint32_t cpus_;
};

}  // namespace fathom::detail
