#pragma once

#include <fathom/bpf/bpf_map.hpp>
#include <fathom/bpf/detail/map_walk.hpp>
#include <fathom/bpf/per_cpu.hpp>

#include <cstddef>
#include <cstring>
#include <iterator>
#include <ranges>
#include <utility>

namespace fathom {

/// An entry of a map: `for (const auto& [key, value] : counts.entries())`.
template <class K, class V>
struct MapEntry {
  K key;    ///< a copy
  V value;  ///< a copy; of a per-CPU map a PerCpu
};

/// All entries of a map, read from the kernel while one goes through them: an input range, move-only, for one pass.
///
/// While others change the map, or the loop itself does: an entry that is there all the time comes exactly once; one
/// that is added, removed or changed meanwhile may come or not, as before or after; none comes twice. Each value is a
/// copy of one moment, as whole as the programs write it (8 bytes are; under a bpf_spin_lock use find()). Begins to
/// throw BpfError (EAGAIN) only where a map without batches is emptied and filled faster than it is read.
template <class K, class V>
class MapEntries : public std::ranges::view_interface<MapEntries<K, V>> {
 public:
  class Iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = MapEntry<K, V>;
    using difference_type = std::ptrdiff_t;

    Iterator() = default;
    explicit Iterator(MapEntries* entries) : entries_(entries) {}
    Iterator(Iterator&&) = default;
    Iterator& operator=(Iterator&&) = default;
    Iterator(const Iterator&) = delete;
    Iterator& operator=(const Iterator&) = delete;
    ~Iterator() = default;

    /// Valid until the iterator moves on.
    const MapEntry<K, V>& operator*() const { return entries_->entry_; }
    const MapEntry<K, V>* operator->() const { return &entries_->entry_; }
    Iterator& operator++() {
      entries_->advance();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& at, std::default_sentinel_t /*end*/) { return at.at_end(); }

   private:
    [[nodiscard]] bool at_end() const { return entries_->ended_; }

    MapEntries* entries_ = nullptr;
  };

  /// `empty` is a value to copy into; of a PerCpu the right number of values.
  MapEntries(BpfMap map, V empty, std::size_t value_bytes)
      : walk_(std::move(map), value_bytes), value_bytes_(value_bytes), entry_{K{}, std::move(empty)} {}
  MapEntries(MapEntries&&) = default;
  MapEntries& operator=(MapEntries&&) = default;
  MapEntries(const MapEntries&) = delete;
  MapEntries& operator=(const MapEntries&) = delete;
  ~MapEntries() = default;

  /// Reads the first; may be called once.
  [[nodiscard]] Iterator begin() {
    advance();
    return Iterator(this);
  }
  /// Where an iterator is when no entry is left.
  [[nodiscard]] static std::default_sentinel_t end() noexcept { return std::default_sentinel; }

 private:
  void advance() {
    ended_ = !walk_.next();
    if (ended_)
      return;
    std::memcpy(&entry_.key, walk_.key(), sizeof(K));
    std::memcpy(detail::MapValueTraits<V>::data(entry_.value), walk_.value(), value_bytes_);
  }

  detail::MapWalk walk_;
  std::size_t value_bytes_;
  bool ended_ = false;
  MapEntry<K, V> entry_;
};

}  // namespace fathom
