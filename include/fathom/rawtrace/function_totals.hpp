#pragma once

#include <fathom/base/parse_stats.hpp>
#include <fathom/rawtrace/event_format.hpp>
#include <fathom/rawtrace/field_reader.hpp>
#include <fathom/rawtrace/page_layout.hpp>
#include <fathom/rawtrace/raw_record.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace fathom {

/// What all calls of one function cost.
struct FunctionTotal {
  std::uint64_t function = 0;     ///< its address
  std::uint64_t calls = 0;        ///< that returned; 0 for no function
  std::uint64_t nanoseconds = 0;  ///< from call to return, with what it called

  friend bool operator==(const FunctionTotal&, const FunctionTotal&) = default;
};

/// Adds up what each function cost, of the pages of function_graph, without making events of the records.
///
///     FunctionTotals totals(*formats.find("ftrace", "funcgraph_exit"), formats.id_offset());   // a FormatRegistry
///     for (const auto& [cpu, pages] : buffers) totals.feed(formats.layout(), pages);
///     for (const FunctionTotal& total : totals.totals())
///       std::cout << total.calls << ' ' << total.nanoseconds << ' ' << name_of(total.function) << '\n';
///
/// Counts exits: a call whose exit was lost, or that had not returned yet, is not in the sums. A call costs `rettime`
/// less `calltime`, which every kernel from 4.4 to 7.3 records.
///
/// Pages stand by themselves, so those of one CPU may be divided among threads, each with a FunctionTotals of its own,
/// and added at the end. A page of a 64-bit kernel with this machine's byte order and nothing on it but records and
/// times is gone through without a decoder; any other one, with a loss or damage, goes through PageDecoder. The answer
/// is the same: bytes are never trusted, and stats() counts what PageDecoder counts, and exits too short for their
/// fields (`short_event`). Memory: 48 KiB at first, 200 bytes a function from the 513th on, and as much as two pages.
/// Only std::bad_alloc is thrown by feed().
class FunctionTotals {
 public:
  /// `exit` is the format of ftrace:funcgraph_exit; records have their number at `id_offset`. Throws Error
  /// (std::errc::invalid_argument) if the format lacks `func`, `calltime` or `rettime`.
  explicit FunctionTotals(const EventFormat& exit, std::uint32_t id_offset = 0);

  /// Takes pages, one behind the other.
  void feed(const PageLayout& layout, std::span<const std::byte> pages);
  /// Adds the sums of other pages, and their stats.
  FunctionTotals& operator+=(const FunctionTotals& other);

  /// One for each function, in no order.
  [[nodiscard]] std::vector<FunctionTotal> totals() const;
  /// What was parsed and what was skipped.
  [[nodiscard]] const ParseStats& stats() const noexcept { return stats_; }

 private:
  struct Exits;

  [[nodiscard]] bool plain(const PageLayout& layout) const noexcept;
  void feed_plain(const PageLayout& layout, std::span<const std::byte> group, const std::byte* next);
  std::size_t add_exits(const std::byte* pages, std::span<const std::uint32_t> exits);
  void count_page(std::size_t bytes, std::uint64_t records) noexcept;
  void feed_any(const PageLayout& layout, std::span<const std::byte> pages, std::uint64_t added);
  FunctionTotal& slot(std::uint64_t function) {
    FunctionTotal& found = search(slots_.data(), slots_.size() - 1, function);
    return found.calls != 0 ? found : add(function);
  }
  static FunctionTotal& search(FunctionTotal* slots, std::size_t mask, std::uint64_t function) {
    // Functions begin at multiples of 16: the product's upper bits know all of the address.
    std::size_t at = (function * 0x9e37'79b9'7f4a'7c15U >> 32U) & mask;
    while (slots[at].function != function && slots[at].calls != 0)
      at = (at + 1) & mask;
    return slots[at];
  }
  FunctionTotal& add(std::uint64_t function);

  std::uint16_t id_;
  std::uint32_t id_offset_;
  FieldReader<std::uint64_t> function_;
  FieldReader<std::uint64_t> calltime_;
  FieldReader<std::uint64_t> rettime_;
  // Of these fields, if all have 8 bytes in this machine's order; and where the last one ends.
  bool wide_ = false;
  std::uint32_t function_at_ = 0;
  std::uint32_t calltime_at_ = 0;
  std::uint32_t rettime_at_ = 0;
  std::uint32_t fields_end_ = 0;
  std::vector<std::uint32_t> exits_;  // of some pages
  std::vector<FunctionTotal> slots_;  // open addressing; the size is a power of two
  std::size_t used_ = 0;
  ParseStats stats_;
};

}  // namespace fathom
