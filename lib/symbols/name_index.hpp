#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace fathom::detail {

struct KallsymsTable;

/// Finds symbols by their whole name.
///
/// A hash table of buckets of one cache line, with eight slots. A slot has the place of the first symbol of a name, in
/// the bits that are left over a part of the hash, so that names that differ are rarely compared, and where the name
/// stands, so that the symbol and its name can be fetched at the same time. A name goes to its bucket or, where that is
/// full, to the next. Symbols whose name is not unique stand in a list beside it.
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
  static constexpr std::size_t kSlots = 8;

  struct alignas(64) Bucket {
    std::array<std::uint32_t, kSlots> slots;  // filled from the first on
    std::array<std::uint32_t, kSlots> names;
  };

  [[nodiscard]] std::size_t bucket_of(std::uint64_t hash) const noexcept;
  [[nodiscard]] std::uint32_t place_in(std::uint32_t slot) const noexcept { return slot & place_mask_; }
  [[nodiscard]] std::uint32_t tag_of(std::uint64_t hash) const noexcept {
    return static_cast<std::uint32_t>(hash) & tag_mask_;
  }
  [[nodiscard]] bool has_list(std::uint32_t slot) const noexcept { return (slot & list_mark_) != 0; }
  std::size_t find_or_take(const KallsymsTable& table, std::uint32_t place);
  [[nodiscard]] std::uint32_t& slot_at(std::size_t number) noexcept {
    return buckets_[number / kSlots].slots[number % kSlots];
  }
  void build_lists(std::vector<std::uint64_t>& repeated);

  std::array<std::uint64_t, 4> secrets_{};  // of the hash: another for each snapshot
  std::vector<Bucket> buckets_;
  // For each name that repeats: how many there are, and their places.
  std::vector<std::uint32_t> lists_;
  // The parts of a slot, from the lowest bit on: a place among the symbols or in the lists, which of them, and the tag.
  std::uint32_t place_mask_ = 0;
  std::uint32_t list_mark_ = 0;
  std::uint32_t tag_mask_ = 0;
};

}  // namespace fathom::detail
