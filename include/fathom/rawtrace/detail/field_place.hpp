#pragma once

#include <fathom/rawtrace/detail/raw_bytes.hpp>
#include <fathom/rawtrace/event_format.hpp>
#include <fathom/rawtrace/field_views.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace fathom::detail {

/// What FieldReader keeps of a field. Not for use by itself.
class FieldPlace {
 public:
  /// What the field is to be read as.
  enum class Wanted : std::uint8_t { number, text, array, bitmask, bytes };

  /// Empty where there is no such field, or where it is none of that kind, or a number wider than `width` bytes.
  [[nodiscard]] static std::optional<FieldPlace> find(const EventFormat& format, std::string_view field, Wanted wanted,
                                                      std::size_t width) noexcept;
  /// Throws Error instead.
  [[nodiscard]] static FieldPlace require(const EventFormat& format, std::string_view field, Wanted wanted,
                                          std::size_t width);

  /// Whether a record of so many bytes holds all of it.
  [[nodiscard]] bool holds(std::size_t record_size) const noexcept { return record_size >= end_; }
  /// The number in a record that holds it.
  [[nodiscard]] std::uint64_t number(const std::byte* record) const noexcept {
    return load_wide(record + offset_, size_, signed_, swap_);
  }
  /// The bytes of the value, or of all elements; empty where the record does not hold them.
  [[nodiscard]] std::optional<std::span<const std::byte>> locate(std::span<const std::byte> record) const noexcept;
  /// These bytes as elements.
  [[nodiscard]] FieldArray array(std::span<const std::byte> bytes) const noexcept {
    return {bytes, element_size_, signed_, swap_};
  }

 private:
  FieldPlace(const EventField& field, bool swap) noexcept
      : offset_(field.offset),
        size_(field.size),
        end_(std::uint64_t{field.offset} + field.size),
        element_size_(field.element_size),
        kind_(field.kind),
        signed_(field.is_signed),
        swap_(swap) {}

  std::uint32_t offset_;
  std::uint32_t size_;
  std::uint64_t end_;
  std::uint32_t element_size_;
  FieldKind kind_;
  bool signed_;
  bool swap_;
};

/// Bytes as text, up to the first NUL.
[[nodiscard]] std::string_view text_of(std::span<const std::byte> bytes) noexcept;

}  // namespace fathom::detail
