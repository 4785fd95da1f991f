#pragma once

#include <fathom/bpf/bpf_map.hpp>

#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

namespace fathom::detail {

/// Goes through the entries of a map, as bytes.
///
/// Hashes are read in batches, bucket by bucket: an entry never changes its bucket, so that which is there all the time
/// comes exactly once, whatever others add and remove meanwhile. Asking for the key after one that somebody removed
/// would begin anew (kernel/bpf/hashtab.c, htab_map_get_next_key); for maps without batches that is noticed, and no key
/// comes twice.
class MapWalk {
 public:
  /// `value_bytes`: of all CPUs together.
  MapWalk(BpfMap map, std::size_t value_bytes);

  /// Goes to the next entry, at first to the first; false at the end. Throws BpfError.
  [[nodiscard]] bool next();
  [[nodiscard]] const std::byte* key() const noexcept { return keys_.data() + at_ * map_.key_size(); }
  [[nodiscard]] const std::byte* value() const noexcept { return values_.data() + at_ * value_bytes_; }

 private:
  [[nodiscard]] bool next_batch();
  [[nodiscard]] bool next_single();
  void look_ahead(const void* from);
  void reserve(std::size_t entries);

  BpfMap map_;
  std::size_t value_bytes_;
  std::vector<std::byte> keys_;
  std::vector<std::byte> values_;
  std::size_t at_ = 0;
  std::size_t count_ = 0;
  bool batches_;
  bool started_ = false;
  bool ended_ = false;
  std::uint32_t position_ = 0;  // in batches: the bucket or index where the last one ended
  // One by one: what comes next, and what came.
  std::vector<std::byte> ahead_;  // asked for while the entry before it is surely there; empty: nothing more
  std::set<std::vector<std::byte>> seen_;
};

}  // namespace fathom::detail
