#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace fathom::detail {

struct KallsymsTable;

/// Finds symbols by their whole name.
///
/// An open hash table with a slot of 32 bits for each distinct name: the place of the first symbol of that name, and in
/// the bits that are left over a part of the hash, so that names that differ are rarely compared. Symbols whose name is
/// not unique stand in a list beside it.
class NameIndex {
 public:
  /// Symbols of one name: those in `list`, or `first` alone if that is empty.
  struct Found {
    std::uint32_t first = 0;
    std::span<const std::uint32_t> list;
  };

  void build(const KallsymsTable& table);
  /// Whether there are any.
  [[nodiscard]] bool find(const KallsymsTable& table, std::string_view name, Found& found) const noexcept;
  [[nodiscard]] std::size_t allocated_bytes() const noexcept;

 private:
  static constexpr std::uint32_t kEmpty = 0xffff'ffff;

  [[nodiscard]] std::size_t slot_of(std::uint64_t hash) const noexcept;
  [[nodiscard]] std::uint32_t tag_of(std::uint64_t hash) const noexcept;
  [[nodiscard]] std::uint32_t place_in(std::uint32_t slot) const noexcept;

  std::vector<std::uint32_t> slots_;
  // For each name that repeats: how many there are, and their places.
  std::vector<std::uint32_t> lists_;
  unsigned place_bits_ = 0;  // the lowest of a slot; above them one that says "in the lists", and the tag
};

}  // namespace fathom::detail
