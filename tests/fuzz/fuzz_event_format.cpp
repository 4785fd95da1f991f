#include <fathom/rawtrace/field_reader.hpp>
#include <fathom/rawtrace/format_registry.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

namespace {

template <class T>
void read(const fathom::EventFormat& format, const fathom::EventField& field, std::span<const std::byte> record) {
  const auto reader = fathom::FieldReader<T>::find(format, field.name);
  if (!reader)
    return;
  if (const auto value = (*reader)(record)) {
    if constexpr (std::same_as<T, fathom::FieldArray>) {
      std::uint64_t sum = 0;
      for (std::size_t i = 0; i < value->size(); ++i)
        sum += (*value)[i];
      static_cast<void>(sum);
    } else if constexpr (std::same_as<T, fathom::FieldBitmask>) {
      if (value->count() > value->size())
        std::abort();
    }
  }
}

}  // namespace

// Up to the first NUL the text of a format, behind it a record of that event, in either byte order: whatever they are,
// every field can be asked for, and the registry's count adds up.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const std::string_view text = all.substr(0, all.find('\0'));
  const auto record = std::as_bytes(std::span(data, size)).subspan(text.size());
  for (const std::endian order : {std::endian::little, std::endian::big}) {
    fathom::PageLayout layout = fathom::PageLayout::parse(text, text, order).value_or(fathom::PageLayout{});
    layout.byte_order = order;
    fathom::FormatRegistry formats(layout);
    const fathom::EventFormat* const format = formats.add("system", text);
    const fathom::ParseStats& stats = formats.stats();
    if (stats.bytes != text.size() || stats.bytes != stats.parsed_bytes + stats.skipped_bytes || stats.records != 1)
      std::abort();
    if (format == nullptr)
      continue;
    if (formats.find(format->id()) != format || formats.find("system", format->name()) != format)
      std::abort();
    for (const fathom::EventField& field : format->all_fields()) {
      read<std::uint8_t>(*format, field, record);
      read<std::int64_t>(*format, field, record);
      read<std::string_view>(*format, field, record);
      read<fathom::FieldArray>(*format, field, record);
      read<fathom::FieldBitmask>(*format, field, record);
      read<std::span<const std::byte>>(*format, field, record);
    }
  }
  return 0;
}
