#include <fathom/base/error.hpp>
#include <fathom/base/nearest_names.hpp>
#include <fathom/rawtrace/detail/field_place.hpp>

#include <algorithm>
#include <string>

namespace fathom::detail {

namespace {

constexpr bool is_number_size(std::size_t size) noexcept {
  return size == 1 || size == 2 || size == 4 || size == 8;
}

bool can_be(const EventField& field, FieldPlace::Wanted wanted, std::size_t width) noexcept {
  using Wanted = FieldPlace::Wanted;
  const bool many = field.kind != FieldKind::value;
  switch (wanted) {
    case Wanted::number:
      return !many && is_number_size(field.size) && field.size <= width;
    case Wanted::text:
      return many && field.element_size == 1;
    case Wanted::array:
      return many && is_number_size(field.element_size);
    case Wanted::bitmask:
      return many && (field.element_size == 4 || field.element_size == 8);
    case Wanted::bytes:
      return true;
  }
  return false;
}

std::string_view words(FieldPlace::Wanted wanted) noexcept {
  using Wanted = FieldPlace::Wanted;
  switch (wanted) {
    case Wanted::number:
      return "a number of this width";
    case Wanted::text:
      return "text";
    case Wanted::array:
      return "an array";
    case Wanted::bitmask:
      return "a bitmask";
    case Wanted::bytes:
      break;
  }
  return "bytes";
}

}  // namespace

std::optional<FieldPlace> FieldPlace::find(const EventFormat& format, std::string_view field, Wanted wanted,
                                           std::size_t width) noexcept {
  const EventField* const found = format.find(field);
  if (found == nullptr || !can_be(*found, wanted, width))
    return std::nullopt;
  return FieldPlace(*found, format.byte_order() != std::endian::native);
}

FieldPlace FieldPlace::require(const EventFormat& format, std::string_view field, Wanted wanted, std::size_t width) {
  if (const auto place = find(format, field, wanted, width))
    return *place;
  const std::string action =
      "read the field '" + std::string(field) + "' as " + std::string(words(wanted)) + " in records of";
  std::string hint;
  if (const EventField* const found = format.find(field)) {
    hint = "it is " + found->type + ", " + std::string(to_string(found->kind)) + ", of " + std::to_string(found->size) +
           " bytes";
  } else {
    NearestNames nearest(field);
    for (const EventField& other : format.all_fields())
      nearest.offer(other.name);
    hint = "there is none of that name";
    for (const std::string& name : nearest.names())
      hint += (hint.ends_with("name") ? "; nearest: " : ", ") + name;
  }
  throw Error(std::errc::invalid_argument, action, format.system() + ':' + format.name(), hint);
}

std::optional<std::span<const std::byte>> FieldPlace::locate(std::span<const std::byte> record) const noexcept {
  const std::size_t size = record.size();
  if (offset_ > size)
    return std::nullopt;
  switch (kind_) {
    case FieldKind::value:
      if (end_ > size)
        return std::nullopt;
      return record.subspan(offset_, size_);
    case FieldKind::array:
      return record.subspan(offset_, std::min<std::size_t>(size_, size - offset_));
    case FieldKind::open_array:
      return record.subspan(offset_);
    case FieldKind::data_loc:
    case FieldKind::rel_loc:
      break;
  }
  if (end_ > size)
    return std::nullopt;
  const auto locator = load<std::uint32_t>(record.data() + offset_, swap_);
  const std::uint64_t from = (locator & 0xffffU) + (kind_ == FieldKind::rel_loc ? end_ : 0);
  const std::uint32_t length = locator >> 16U;
  if (from + length > size)
    return std::nullopt;
  return record.subspan(from, length);
}

std::string_view text_of(std::span<const std::byte> bytes) noexcept {
  // The bytes of the record are char text of the kernel's.
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());  // NOLINT
  return text.substr(0, text.find('\0'));
}

}  // namespace fathom::detail
