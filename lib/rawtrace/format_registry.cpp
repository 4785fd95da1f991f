#include <fathom/rawtrace/format_registry.hpp>

#include <algorithm>
#include <tuple>

namespace fathom {

namespace {

auto place_of(auto& formats, std::string_view system, std::string_view name) noexcept {
  return std::ranges::lower_bound(formats, std::tuple(system, name), {}, [](const EventFormat* format) {
    return std::tuple<std::string_view, std::string_view>(format->system(), format->name());
  });
}

}  // namespace

const EventFormat* FormatRegistry::add(std::string_view system, std::string_view text) {
  stats_.bytes += text.size();
  auto parsed = EventFormat::parse(system, text, layout_);
  if (!parsed) {
    stats_.count_skipped(SkipReason::bad_format, text, text.size());
    return nullptr;
  }
  stats_.count_parsed(text.size());
  const EventFormat* const format =
      formats_.emplace_back(std::make_unique<const EventFormat>(std::move(*parsed))).get();
  if (format->id() >= by_id_.size())
    by_id_.resize(std::size_t{format->id()} + 1);
  by_id_[format->id()] = format;
  const auto place = place_of(by_name_, format->system(), format->name());
  if (place != by_name_.end() && (*place)->system() == format->system() && (*place)->name() == format->name())
    *place = format;
  else
    by_name_.insert(place, format);
  return format;
}

const EventFormat* FormatRegistry::find(std::string_view system, std::string_view name) const& noexcept {
  const auto place = place_of(by_name_, system, name);
  return place != by_name_.end() && (*place)->system() == system && (*place)->name() == name ? *place : nullptr;
}

std::uint32_t FormatRegistry::id_offset() const noexcept {
  for (const EventFormat* format : by_name_) {
    const EventField* const type = format->find("common_type");
    if (type != nullptr && type->size == sizeof(std::uint16_t))
      return type->offset;
  }
  return 0;
}

}  // namespace fathom
