#pragma once

#include <fathom/rawtrace/detail/field_place.hpp>
#include <fathom/rawtrace/event_format.hpp>
#include <fathom/rawtrace/field_views.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace fathom {

/// What a field can be read as.
template <class T>
concept FieldValue =
    (std::integral<T> && !std::same_as<T, bool>) || std::same_as<T, std::string_view> ||
    std::same_as<T, std::span<const std::byte>> || std::same_as<T, FieldArray> || std::same_as<T, FieldBitmask>;

/// Reads one field out of an event's records. Its place is looked up once; a read is a check of bounds and a load.
///
///     const FieldReader<std::int32_t> pid(wakeup, "pid");               // throws Error: no such field, or no number
///     const FieldReader<std::string_view> comm(wakeup, "comm");
///     if (auto value = pid(record.bytes())) std::cout << *value << ' ' << comm(record.bytes()).value_or("?") << '\n';
///     if (auto lazy = FieldReader<std::uint8_t>::find(wakeup, "common_preempt_lazy_count")) ...    // may be absent
///
/// What T can be, and for which fields:
/// - an integer: a value of 1, 2, 4 or 8 bytes and not wider than T. A signed field is widened by its sign;
/// - `std::string_view`: an array of bytes, up to its first NUL, which need not be there;
/// - `FieldArray`: an array with elements of 1, 2, 4 or 8 bytes;
/// - `FieldBitmask`: an array of longs, as `cpumask_t`;
/// - `std::span<const std::byte>`: any field, as it stands there.
///
/// The bytes are those of one record, from `common_type` on. A read is empty where the record ends before the value, or
/// where the locator of a dynamic array points outside of it. An array of fixed size is cut where the record ends: a
/// kernel's stacks are shorter, or longer, than `caller[8]` says. Views are good as long as the record's bytes. A small
/// value that needs its format no more; safe to share between threads.
template <FieldValue T>
class FieldReader {
 public:
  /// Of this field. Throws Error (std::errc::invalid_argument, with the names most like it) if there is no such field
  /// or if it cannot be read as a T.
  FieldReader(const EventFormat& format, std::string_view field)
      : place_(detail::FieldPlace::require(format, field, kWanted, sizeof(T))) {}

  /// The same, empty instead of throwing.
  [[nodiscard]] static std::optional<FieldReader> find(const EventFormat& format, std::string_view field) noexcept {
    const auto place = detail::FieldPlace::find(format, field, kWanted, sizeof(T));
    return place ? std::optional(FieldReader(*place)) : std::nullopt;
  }

  /// The field of this record.
  [[nodiscard]] std::optional<T> operator()(std::span<const std::byte> record) const noexcept {
    if constexpr (std::integral<T>) {
      if (!place_.holds(record.size()))
        return std::nullopt;
      return static_cast<T>(place_.number(record.data()));
    } else {
      const auto bytes = place_.locate(record);
      if (!bytes)
        return std::nullopt;
      if constexpr (std::same_as<T, std::string_view>)
        return detail::text_of(*bytes);
      else if constexpr (std::same_as<T, FieldArray>)
        return place_.array(*bytes);
      else if constexpr (std::same_as<T, FieldBitmask>)
        return FieldBitmask(place_.array(*bytes));
      else
        return bytes;
    }
  }

 private:
  using Wanted = detail::FieldPlace::Wanted;
  static constexpr Wanted kWanted = std::integral<T>                    ? Wanted::number
                                    : std::same_as<T, std::string_view> ? Wanted::text
                                    : std::same_as<T, FieldArray>       ? Wanted::array
                                    : std::same_as<T, FieldBitmask>     ? Wanted::bitmask
                                                                        : Wanted::bytes;
  explicit FieldReader(const detail::FieldPlace& place) noexcept : place_(place) {}

  detail::FieldPlace place_;
};

}  // namespace fathom
