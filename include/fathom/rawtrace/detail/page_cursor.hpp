#pragma once

#include <fathom/base/parse_stats.hpp>
#include <fathom/event/events.hpp>
#include <fathom/rawtrace/detail/commit_bits.hpp>
#include <fathom/rawtrace/detail/raw_bytes.hpp>
#include <fathom/rawtrace/page_layout.hpp>
#include <fathom/rawtrace/raw_record.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace fathom {

/// What stood on the pages of a ring buffer beside the records.
struct PageCounts {
  std::uint64_t pages = 0;         ///< with a head that can be, also those without records
  std::uint64_t time_extends = 0;  ///< gaps between records of more than 2^27 units
  std::uint64_t time_stamps = 0;   ///< absolute times
  std::uint64_t discarded = 0;     ///< records that the kernel took back, as a filter did not want them

  friend bool operator==(const PageCounts&, const PageCounts&) = default;
  /// Adds those of other pages.
  PageCounts& operator+=(const PageCounts& other) noexcept {
    pages += other.pages;
    time_extends += other.time_extends;
    time_stamps += other.time_stamps;
    discarded += other.discarded;
    return *this;
  }
};

namespace detail {

/// What pages were made of, in fewer words than ParseStats has: a cursor counts while it runs.
struct PageTally {
  std::uint64_t records = 0;
  std::uint64_t skipped_bytes = 0;
  std::uint64_t losses = 0;
  std::uint64_t lost_events = 0;
  PageCounts counts;
};

/// Walks over the records of one CPU's pages, one behind the other in memory. PageDecoder and EventMerger are made of
/// it. Bytes outside of the pages are never read, whatever stands in these. Not for use by itself.
template <bool Swap>
class PageCursor {
 public:
  /// `common_type` is where a record has its number.
  PageCursor(const PageLayout& layout, std::uint32_t common_type, std::uint32_t cpu, std::span<const std::byte> pages,
             ParseStats& stats) noexcept
      : layout_(layout),
        common_type_(common_type),
        page_(pages.data()),
        end_(pages.data() + pages.size()),
        begin_(page_),
        cpu_(cpu),
        stats_(&stats) {}

  /// Goes to the next record and describes it in `record`. That is the caller's, so that who wants to see two at a time
  /// has two and copies none: a copy waits for its parts, which were only just written. False where the pages end.
  bool next(RawRecord& record) {
    while (true) {
      // The common case: a record whose head tells its length.
      if (static_cast<std::size_t>(data_end_ - at_) >= kHeaderSize) [[likely]] {
        const auto header = load<std::uint32_t>(at_, Swap);
        const std::uint32_t type = type_of(header);
        if (type - 1 < kMaxDataType) [[likely]] {
          if (take(record, at_ + kHeaderSize, std::size_t{type} * kAlignment, delta_of(header))) [[likely]]
            return true;
        } else if (special(record, header)) {
          return true;
        }
      } else if (!next_page()) {
        return false;
      }
    }
  }

  /// The time of that record, or of what stands behind it where the pages have ended.
  [[nodiscard]] std::uint64_t time() const noexcept { return time_; }
  /// Whether the kernel reported a loss before that record, or before the end, that was not taken yet.
  [[nodiscard]] bool lost() const noexcept { return lost_; }
  /// That loss.
  [[nodiscard]] Loss take_loss() noexcept {
    lost_ = false;
    Loss loss;
    loss.cpu = cpu_;
    if (lost_counted_)
      loss.events = lost_events_;
    return loss;
  }
  /// What was counted since the pages began, but for what is in the stats that were given.
  [[nodiscard]] const PageTally& tally() const noexcept { return tally_; }
  /// Says that the pages have ended: adds what was counted to the stats that were given.
  void finish() {
    const auto bytes = static_cast<std::uint64_t>(end_ - begin_);
    stats_->bytes += bytes;
    stats_->parsed_bytes += bytes - tally_.skipped_bytes;
    stats_->records += tally_.records;
    stats_->parsed_records += tally_.records;
    stats_->losses += tally_.losses;
    stats_->lost_events += tally_.lost_events;
  }

 private:
  static constexpr std::size_t kHeaderSize = 4;
  static constexpr std::size_t kAlignment = 4;
  static constexpr std::uint32_t kMaxDataType = 28;  // include/linux/ring_buffer.h: RINGBUF_TYPE_DATA_TYPE_LEN_MAX
  static constexpr std::uint32_t kPadding = 29;
  static constexpr std::uint32_t kTimeExtend = 30;
  static constexpr unsigned kDeltaBits = 27;
  static constexpr std::uint64_t kStampBits = (std::uint64_t{1} << 59U) - 1;

  // A C bit-field begins at the other end on a big-endian machine.
  static constexpr bool kBig = (std::endian::native == std::endian::big) != Swap;
  static constexpr std::uint32_t type_of(std::uint32_t header) noexcept {
    return kBig ? header >> kDeltaBits : header & 0x1fU;
  }
  static constexpr std::uint64_t delta_of(std::uint32_t header) noexcept {
    return kBig ? header & ((1U << kDeltaBits) - 1) : header >> (32U - kDeltaBits);
  }

  [[nodiscard]] std::uint64_t load_long(const std::byte* from) const noexcept {
    return layout_.long_size == 8 ? load<std::uint64_t>(from, Swap) : load<std::uint32_t>(from, Swap);
  }

  // A record's data; false, and the place behind it, where it is none.
  bool take(RawRecord& record, const std::byte* data, std::size_t size, std::uint64_t delta) {
    if (size > static_cast<std::size_t>(data_end_ - data)) [[unlikely]] {
      skip_rest(SkipReason::bad_event);
      return false;
    }
    at_ = data + size;
    time_ += delta;
    if (size < common_type_ + sizeof(std::uint16_t)) [[unlikely]] {
      skip(data - kHeaderSize, at_, SkipReason::bad_event);
      return false;
    }
    record.time = time_;
    record.data = data;
    record.size = static_cast<std::uint32_t>(size);
    record.cpu = cpu_;
    record.id = load<std::uint16_t>(data + common_type_, Swap);
    ++tally_.records;
    return true;
  }

  // Everything with a second word: long records, discarded ones, time. True where it was a record. Apart, as
  // next_page() is, so that next() is short enough to become a part of the loop that calls it.
  [[gnu::noinline]] bool special(RawRecord& record, std::uint32_t header) {
    const std::uint32_t type = type_of(header);
    const std::uint64_t delta = delta_of(header);
    if (type == kPadding && delta == 0) {  // nothing more on this page
      at_ = data_end_;
      return false;
    }
    if (static_cast<std::size_t>(data_end_ - at_) < 2 * kHeaderSize) {
      skip_rest(SkipReason::bad_event);
      return false;
    }
    const auto word = load<std::uint32_t>(at_ + kHeaderSize, Swap);
    if (type == 0) {
      // The length counts this word; the next record begins at a multiple of 4.
      const std::uint64_t padded = (std::uint64_t{word} + kAlignment - 1) / kAlignment * kAlignment;
      if (word < kHeaderSize || padded > static_cast<std::uint64_t>(data_end_ - at_) - kHeaderSize) {
        skip_rest(SkipReason::bad_event);
        return false;
      }
      return take(record, at_ + 2 * kHeaderSize, static_cast<std::size_t>(padded) - kHeaderSize, delta);
    }
    if (type == kPadding) {
      const std::uint64_t length = std::uint64_t{word} + kHeaderSize;
      if (word < kHeaderSize || word % kAlignment != 0 || length > static_cast<std::uint64_t>(data_end_ - at_)) {
        skip_rest(SkipReason::bad_event);
        return false;
      }
      // The kernel's own reader does not add the time either (rb_update_read_stamp).
      at_ += length;
      ++tally_.counts.discarded;
      return false;
    }
    at_ += 2 * kHeaderSize;
    const std::uint64_t high = std::uint64_t{word} << kDeltaBits;
    if (type == kTimeExtend) {
      time_ += delta + high;
      ++tally_.counts.time_extends;
    } else {
      set_time((delta + high) & kStampBits);
      ++tally_.counts.time_stamps;
    }
    return false;
  }

  // An absolute time has 59 bits; those above are the running time's (rb_fix_abs_ts, Linux 6.1).
  void set_time(std::uint64_t stamp) noexcept {
    const std::uint64_t high = time_ & ~kStampBits;
    if (high != 0) {
      stamp |= high;
      if (stamp < time_)
        stamp += kStampBits + 1;
    }
    time_ = stamp;
  }

  // Goes to the data of the next page that has some. False where there is no page.
  [[gnu::noinline]] bool next_page() {
    if (data_end_ != at_ || cut_) [[unlikely]]
      skip_rest(SkipReason::bad_event);
    if (page_ == end_)
      return false;
    const std::byte* const page = page_;
    const auto left = static_cast<std::size_t>(end_ - page);
    const std::size_t size = std::min(left, layout_.page_size());
    page_ = page + size;
    at_ = data_end_ = page_;
    if (size < layout_.data_offset) {
      skip(page, page_, SkipReason::cut_page);
      return true;
    }
    const std::uint64_t commit = load_long(page + layout_.commit_offset);
    const std::uint64_t used = commit & kCommitBits;
    if (used > layout_.data_size) {
      skip(page, page_, SkipReason::bad_page);
      return true;
    }
    ++tally_.counts.pages;
    time_ = load<std::uint64_t>(page + layout_.timestamp_offset, Swap);
    const std::byte* const data = page + layout_.data_offset;
    at_ = data;
    const std::size_t room = size - layout_.data_offset;
    cut_ = used > room;
    data_end_ = data + (cut_ ? room : static_cast<std::size_t>(used));
    if ((commit & kMissedEvents) != 0)
      note_loss((commit & kMissedStored) != 0, data, static_cast<std::size_t>(used), room);
    return true;
  }

  // The count stands behind the data, where there is room (ring_buffer_read_page).
  void note_loss(bool stored, const std::byte* data, std::size_t used, std::size_t room) noexcept {
    const bool counted = stored && used <= room && room - used >= layout_.long_size;
    const std::uint64_t events = counted ? load_long(data + used) : 0;
    // Where a page without records had a mark, too: both gaps lie before the next record.
    lost_counted_ = counted && (!lost_ || lost_counted_);
    lost_events_ = (lost_ ? lost_events_ : 0) + events;
    lost_ = true;
    ++tally_.losses;
    tally_.lost_events += events;
  }

  // The rest of the page's data: where a record cannot be, none behind it can be found.
  [[gnu::noinline]] void skip_rest(SkipReason reason) {
    skip(at_, data_end_, std::exchange(cut_, false) ? SkipReason::cut_page : reason);
    at_ = data_end_;
  }

  // Rare, so it goes into the stats at once.
  [[gnu::noinline]] void skip(const std::byte* from, const std::byte* to, SkipReason reason) {
    const auto bytes = static_cast<std::size_t>(to - from);
    if (!stats_->first_bad) {
      const auto before = static_cast<std::uint64_t>(from - begin_);
      stats_->first_bad = {stats_->records + tally_.records + 1, stats_->bytes + before, reason, {}};
      stats_->first_bad->text.assign(reinterpret_cast<const char*>(from),  // NOLINT: kept as it stands
                                     std::min(bytes, ParseStats::kBadTextBytes));
    }
    stats_->count_skipped(reason, {}, bytes);
    tally_.skipped_bytes += bytes;
  }

  PageLayout layout_;
  std::size_t common_type_;
  const std::byte* at_ = nullptr;        // in the page's data
  const std::byte* data_end_ = nullptr;  // of the page
  const std::byte* page_;                // the next one
  const std::byte* end_;                 // of all pages
  const std::byte* begin_;
  std::uint64_t time_ = 0;
  std::uint32_t cpu_;
  bool cut_ = false;  // the page has less data than it says
  bool lost_ = false;
  bool lost_counted_ = false;
  std::uint64_t lost_events_ = 0;
  PageTally tally_;
  ParseStats* stats_;
};

}  // namespace detail
}  // namespace fathom
