#pragma once

#include <fathom/rawtrace/page_layout.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {

/// How a field of an event holds what it holds.
enum class FieldKind : std::uint8_t {
  value,       ///< one number, or a struct: `pid_t pid`
  array,       ///< a fixed number of elements: `char comm[16]`
  open_array,  ///< as many as the record has room for: `char buf[]`, before Linux 4.x `char buf` of size 0
  data_loc,    ///< `__data_loc char[] name`: 32 bits that tell where in the record it stands, and its length
  rel_loc,     ///< `__rel_loc char[] name`: the same, counted from the end of these 32 bits (Linux 5.17)
};
/// All of them, in the order of the enumerators.
inline constexpr std::array kFieldKinds = {FieldKind::value, FieldKind::array, FieldKind::open_array,
                                           FieldKind::data_loc, FieldKind::rel_loc};

/// The kind's identifier: `data_loc`.
[[nodiscard]] std::string_view to_string(FieldKind kind) noexcept;

/// One field of an event, as its format says.
struct EventField {
  std::string name;                   ///< `prev_comm`
  std::string type;                   ///< of the value or of one element, as spelled: `unsigned long`, `char`
  std::uint32_t offset = 0;           ///< in the record, in bytes
  std::uint32_t size = 0;             ///< in the record, in bytes; of a `data_loc` that of the locator, 4
  std::uint32_t element_size = 0;     ///< in bytes; 0 where the type is none whose size we know
  FieldKind kind = FieldKind::value;  ///< how the rest is to be taken
  bool is_signed = false;             ///< of the value or of an element

  friend bool operator==(const EventField&, const EventField&) = default;
};

/// What was odd about a format; none of it keeps the other fields from being used.
struct FormatOddities {
  std::uint32_t unreadable_fields = 0;   ///< lines that begin with `field` and are not understood, or beyond the 1000th
  std::uint32_t duplicate_fields = 0;    ///< a name for the second time: the first one is found by name
  std::uint32_t overlapping_fields = 0;  ///< begin inside another field: each is read where it says

  friend bool operator==(const FormatOddities&, const FormatOddities&) = default;
};

/// What one event's records look like: its file `events/SYSTEM/NAME/format`.
///
///     const auto format = EventFormat::parse("sched", text);
///     if (!format) ...                                             // no name, no number
///     for (const EventField& field : format->fields()) std::cout << field.type << ' ' << field.name << '\n';
///     const FieldReader<std::int32_t> pid(*format, "pid");         // field_reader.hpp
///
/// The file (Linux 6.1; some lines left out):
///
///     name: sched_process_exec
///     ID: 311
///     format:
///     	field:unsigned short common_type;	offset:0;	size:2;	signed:0;
///     	field:int common_pid;	offset:4;	size:4;	signed:1;
///
///     	field:__data_loc char[] filename;	offset:8;	size:4;	signed:0;
///     	field:pid_t pid;	offset:12;	size:4;	signed:1;
///
///     print fmt: "filename=%s pid=%d old_pid=%d", __get_str(filename), REC->pid, REC->old_pid
///
/// Offsets come from the text alone: they differ between kernels (function_graph's changed six times between 5.10 and
/// 7.0, and a PREEMPT_RT kernel of 6.1 has one common field more). A value that owns its texts; copies are
/// independent. Safe to read from several threads.
class EventFormat {
 public:
  /// From the text of the file. Empty if it has no `name:` line, or no `ID:` from 0 to 65535. Lines that are not
  /// understood are counted in oddities(). `layout` gives the size of a `long`, which arrays need, and the byte order
  /// for what reads fields.
  [[nodiscard]] static std::optional<EventFormat> parse(std::string_view system, std::string_view text,
                                                        const PageLayout& layout = {});

  /// `sched`: the folder that the file stands in, as given.
  [[nodiscard]] const std::string& system() const noexcept { return system_; }
  /// `sched_process_exec`.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// The number that stands in each record. Given out anew at each boot, and as modules come.
  [[nodiscard]] std::uint16_t id() const noexcept { return id_; }
  /// All fields in the order of the text, those that all events have first.
  [[nodiscard]] std::span<const EventField> all_fields() const noexcept { return fields_; }
  /// Those that all events have: `common_type`, `common_flags`, `common_preempt_count`, `common_pid`, and what the
  /// kernel's configuration adds.
  [[nodiscard]] std::span<const EventField> common_fields() const noexcept { return all_fields().first(common_); }
  /// The event's own.
  [[nodiscard]] std::span<const EventField> fields() const noexcept { return all_fields().subspan(common_); }
  /// The field of this name; null if there is none. Good as long as the format.
  [[nodiscard]] const EventField* find(std::string_view field) const& noexcept;
  void find(std::string_view field) const&& = delete;
  /// What follows `print fmt:`, as it stands there; empty if there is none.
  [[nodiscard]] const std::string& print_fmt() const noexcept { return print_fmt_; }
  /// Of the records.
  [[nodiscard]] std::endian byte_order() const noexcept { return byte_order_; }
  /// What was odd about the text.
  [[nodiscard]] const FormatOddities& oddities() const noexcept { return oddities_; }

 private:
  static constexpr std::size_t kMaxFields = 1000;  // the kernel's events have some 40 at most

  EventFormat() = default;
  void add(EventField field);

  std::string system_;
  std::string name_;
  std::string print_fmt_;
  std::vector<EventField> fields_;
  std::size_t common_ = 0;
  FormatOddities oddities_;
  std::endian byte_order_ = std::endian::native;
  std::uint16_t id_ = 0;
};

}  // namespace fathom
