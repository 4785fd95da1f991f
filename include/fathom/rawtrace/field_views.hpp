#pragma once

#include <fathom/rawtrace/detail/raw_bytes.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace fathom {

/// The elements of an array in a record: `unsigned long args[6]`, `__data_loc u64[] values`.
///
///     const FieldReader<FieldArray> args(sys_enter, "args");
///     if (auto array = args(record.bytes()))
///       for (std::size_t i = 0; i < array->size(); ++i) std::cout << (*array)[i] << '\n';
///
/// A view into the record's bytes, good as long as these.
class FieldArray {
 public:
  FieldArray() = default;
  /// Elements of 1, 2, 4 or 8 bytes; `swap` where their byte order is not this machine's.
  FieldArray(std::span<const std::byte> bytes, std::uint32_t element_size, bool is_signed, bool swap) noexcept
      : bytes_(bytes), element_size_(element_size), signed_(is_signed), swap_(swap) {}

  /// How many there are; a part of one at the end is none.
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size() / element_size_; }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  /// One of them, below size(); a negative one in two's complement.
  [[nodiscard]] std::uint64_t operator[](std::size_t index) const noexcept {
    return detail::load_wide(bytes_.data() + index * element_size_, element_size_, signed_, swap_);
  }
  /// Of one, in bytes.
  [[nodiscard]] std::uint32_t element_size() const noexcept { return element_size_; }
  /// All of them as they stand in the record.
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }

 private:
  std::span<const std::byte> bytes_;
  std::uint32_t element_size_ = 1;
  bool signed_ = false;
  bool swap_ = false;
};

/// The bits of a mask in a record: `__data_loc cpumask_t cpumask`. It stands there as longs, so that the first bit of
/// each is its lowest in either byte order.
///
///     const FieldReader<FieldBitmask> cpus(ipi_raise, "target_cpus");
///     if (auto mask = cpus(record.bytes()); mask && mask->test(3)) ...
///
/// A view into the record's bytes, good as long as these.
class FieldBitmask {
 public:
  FieldBitmask() = default;
  /// Longs of 4 or 8 bytes.
  explicit FieldBitmask(const FieldArray& longs) noexcept : longs_(longs) {}

  /// How many bits there are, set or not.
  [[nodiscard]] std::size_t size() const noexcept { return longs_.size() * bits(); }
  /// Whether this one is set; false for one beyond size().
  [[nodiscard]] bool test(std::size_t bit) const noexcept {
    return bit < size() && (longs_[bit / bits()] >> (bit % bits()) & 1U) != 0;
  }
  /// How many are set.
  [[nodiscard]] std::size_t count() const noexcept {
    std::size_t set = 0;
    for (std::size_t bit = 0; bit < size(); ++bit)
      set += test(bit) ? 1U : 0U;
    return set;
  }

 private:
  [[nodiscard]] std::size_t bits() const noexcept { return std::size_t{longs_.element_size()} * 8; }

  FieldArray longs_;
};

}  // namespace fathom
