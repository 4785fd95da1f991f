#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <vector>

namespace fathom::detail {

/// Ascending addresses with a value each; finds the last at or before an address.
///
/// A static tree of nodes of one cache line each: 16 keys of 32 bits, the low halves of addresses. Addresses with one
/// high half make a segment, a tree of its own: x86 has the kernel, its modules and BPF in one, and no machine that we
/// know of has more than a handful. A leaf is two lines, its values behind its keys, so that a look-up takes one load
/// for each level but the last, where it takes two beside each other.
class AddressIndex {
 public:
  /// Values from here on are not places of symbols.
  static constexpr std::uint32_t kEnd = 0xffff'fffe;        ///< nobody's from here on: the one before really ends
  static constexpr std::uint32_t kEndAtMost = 0xffff'ffff;  ///< nobody's from here on, maybe from earlier on
  static constexpr std::uint32_t kMaxPlace = 0x3fff'ffff;

  struct Place {
    std::uint32_t value = kEndAtMost;
    std::uint64_t offset = 0;
  };
  struct Anchor {
    std::uint64_t address = 0;
    std::uint32_t value = kEndAtMost;
  };

  /// Takes addresses, each greater than the one before.
  class Builder;

  AddressIndex() = default;

  /// The value of the last address that is no greater; kEndAtMost where there is none.
  [[nodiscard]] Place find(std::uint64_t address) const noexcept;
  /// The first one that is greater.
  [[nodiscard]] std::optional<Anchor> next(std::uint64_t address) const noexcept;
  [[nodiscard]] std::size_t allocated_bytes() const noexcept;

 private:
  static constexpr std::size_t kFanout = 16;

  // Keys are kept with their top bit turned, since SSE2 compares signed numbers only. What is not used is the greatest.
  struct alignas(64) Node {
    std::array<std::int32_t, kFanout> keys;
  };
  struct alignas(64) Leaf {
    std::array<std::int32_t, kFanout> keys;
    std::array<std::uint32_t, kFanout> values;
  };
  struct Segment {
    std::uint32_t high = 0;
    std::uint32_t leaf = 0;                // its first
    std::uint32_t leaves = 0;              // how many
    std::uint32_t count = 0;               // of its addresses
    std::uint32_t levels = 0;              // of nodes above the leaves
    std::array<std::uint32_t, 7> nodes{};  // the first of each level, from the root down
  };
  // An address's place in the leaves.
  struct Position {
    const Segment* segment;
    std::uint32_t leaf;
    std::uint32_t slot;
  };

  [[nodiscard]] const Segment* segment_before(std::uint32_t high) const noexcept;
  [[nodiscard]] std::optional<Position> locate(std::uint64_t address) const noexcept;
  [[nodiscard]] Position descend(const Segment& segment, std::int32_t key) const noexcept;
  [[nodiscard]] Position last_of(const Segment& segment) const noexcept;
  [[nodiscard]] Anchor at(const Position& position) const noexcept;
  void build_nodes(Segment& segment);

  std::vector<Leaf> leaves_;
  std::vector<Node> nodes_;
  std::vector<Segment> segments_;
  std::size_t main_ = 0;  // the biggest segment
  std::uint32_t main_high_ = 0;
};

class AddressIndex::Builder {
 public:
  /// Makes room for about as many.
  explicit Builder(std::size_t addresses) { index_.leaves_.reserve(addresses / kFanout + 1); }

  void add(std::uint64_t address, std::uint32_t value);
  [[nodiscard]] AddressIndex finish() &&;

 private:
  AddressIndex index_;
};

}  // namespace fathom::detail
