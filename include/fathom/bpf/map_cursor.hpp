#pragma once

#include <fathom/bpf/per_cpu.hpp>
#include <fathom/bpf/record_check.hpp>

#include <cstdint>

namespace fathom {

namespace detail {
template <BpfKey K, BpfValue V>
class KeyedMap;
}  // namespace detail

/// Where reading a map in batches stands: one for each walk, at first before the first entry.
///
///     fathom::MapCursor cursor;
///     while (!cursor.at_end())
///       use(std::span(keys).first(map.lookup_batch(cursor, keys, values)));
class MapCursor {
 public:
  /// Nothing more comes.
  [[nodiscard]] bool at_end() const noexcept { return at_end_; }

 private:
  template <BpfKey K, BpfValue V>
  friend class detail::KeyedMap;

  std::uint32_t position_ = 0;
  bool started_ = false;
  bool at_end_ = false;
};

}  // namespace fathom
