#pragma once

#include <fathom/base/parse_stats.hpp>
#include <fathom/rawtrace/event_format.hpp>
#include <fathom/rawtrace/page_layout.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace fathom {

/// The formats of all events of one kernel, by number and by name.
///
///     FormatRegistry formats(*PageLayout::parse(header_page_text));
///     for (const auto& [system, text] : format_files) formats.add(system, text);
///     if (const EventFormat* format = formats.find(record.id)) ...
///     if (const EventFormat* wakeup = formats.find("sched", "sched_wakeup")) ...
///     formats.stats().skipped(SkipReason::bad_format);       // texts that are no format
///
/// A text that cannot be read costs that event only: its records keep their number and have no fields. Formats stay
/// where they are until the registry is destroyed or assigned to. Some 2 to 4 KiB an event; kernels have 1,300 to
/// 2,400. Not safe to share between threads while one adds.
class FormatRegistry {
 public:
  /// No formats; pages as `layout` says.
  explicit FormatRegistry(const PageLayout& layout = {}) : layout_(layout) {}

  /// Takes the text of `events/SYSTEM/NAME/format`; null if it is none. Where the number, or the system and name, was
  /// known already, the later text wins, as a module's event that was removed and came again.
  const EventFormat* add(std::string_view system, std::string_view text);

  /// The format of a record's number; null if there is none.
  [[nodiscard]] const EventFormat* find(std::uint16_t id) const& noexcept {
    return id < by_id_.size() ? by_id_[id] : nullptr;
  }
  /// The format of an event; null if there is none. Looks through a sorted tree.
  [[nodiscard]] const EventFormat* find(std::string_view system, std::string_view name) const& noexcept;
  void find(std::uint16_t id) const&& = delete;
  void find(std::string_view system, std::string_view name) const&& = delete;
  /// All that find() by name gives, in order of system and name.
  [[nodiscard]] std::vector<const EventFormat*> formats() const;

  /// Where records have their number: the place of the field `common_type`.
  [[nodiscard]] std::uint32_t id_offset() const noexcept;
  /// Of the pages.
  [[nodiscard]] const PageLayout& layout() const noexcept { return layout_; }
  /// What was parsed and what was skipped; a record is a text.
  [[nodiscard]] const ParseStats& stats() const noexcept { return stats_; }

  ~FormatRegistry() = default;
  FormatRegistry(FormatRegistry&&) noexcept = default;
  FormatRegistry& operator=(FormatRegistry&&) noexcept = default;
  FormatRegistry(const FormatRegistry&) = delete;
  FormatRegistry& operator=(const FormatRegistry&) = delete;

 private:
  PageLayout layout_;
  std::vector<std::unique_ptr<const EventFormat>> formats_;  // they stay where they are
  std::vector<const EventFormat*> by_id_;
  std::map<std::pair<std::string_view, std::string_view>, const EventFormat*>
      by_name_;  // the texts are the formats' own
  ParseStats stats_;
};

}  // namespace fathom
