#include <fathom/rawtrace/format_registry.hpp>

namespace fathom {

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
  // The key too is the later one's: it is good as long as its format.
  const std::pair<std::string_view, std::string_view> key(format->system(), format->name());
  by_name_.erase(key);
  by_name_.emplace(key, format);
  return format;
}

const EventFormat* FormatRegistry::find(std::string_view system, std::string_view name) const& noexcept {
  const auto place = by_name_.find({system, name});
  return place == by_name_.end() ? nullptr : place->second;
}

std::vector<const EventFormat*> FormatRegistry::formats() const {
  std::vector<const EventFormat*> formats;
  formats.reserve(by_name_.size());
  for (const auto& [name, format] : by_name_)
    formats.push_back(format);
  return formats;
}

std::uint32_t FormatRegistry::id_offset() const noexcept {
  for (const auto& [name, format] : by_name_) {
    const EventField* const type = format->find("common_type");
    if (type != nullptr && type->size == sizeof(std::uint16_t))
      return type->offset;
  }
  return 0;
}

}  // namespace fathom
