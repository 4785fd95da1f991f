#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace fathom::detail {

/// A range of addresses and a number for it.
struct Interval {
  std::uint64_t begin;
  std::uint64_t end;  ///< the first address behind it
  std::uint32_t value;
};

/// Ranges that lie in each other, cut once into pieces that do not, so that a look-up is one binary search: an address
/// gives the range that begins last of those that hold it, of several with one begin the shortest, and of several with
/// one extent the last given.
class IntervalMap {
 public:
  IntervalMap() = default;
  explicit IntervalMap(std::vector<Interval> intervals);

  [[nodiscard]] std::optional<std::uint32_t> find(std::uint64_t address) const noexcept;
  /// The pieces, for an account of memory.
  [[nodiscard]] std::size_t size() const noexcept { return begins_.size(); }

 private:
  void begin_piece(std::uint64_t at, std::uint32_t value);

  std::vector<std::uint64_t> begins_;
  std::vector<std::uint32_t> values_;
};

}  // namespace fathom::detail
