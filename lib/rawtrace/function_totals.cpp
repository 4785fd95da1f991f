#include <fathom/rawtrace/detail/raw_bytes.hpp>
#include <fathom/rawtrace/function_totals.hpp>
#include <fathom/rawtrace/page_decoder.hpp>

#include <algorithm>
#include <bit>
#include <iterator>
#include <utility>

namespace fathom {

namespace {

using detail::load;

constexpr std::size_t kFirstSlots = 2048;
constexpr std::size_t kSparse = 4;  // so many slots a function: most are found at the first look
constexpr std::size_t kHeaderSize = 4;
constexpr std::size_t kSmallestRecord = 2 * kHeaderSize;
// Larger sub-buffers are rare, and a list of their records would be none that a cache holds.
constexpr std::size_t kLargestPlainPage = std::size_t{1} << 16U;

}  // namespace

// The sink of the pages that are not plain.
struct FunctionTotals::Exits {
  FunctionTotals* totals;
  std::uint64_t records = 0;

  void on(const RawRecord& record) {
    ++records;
    if (record.id != totals->id_)
      return;
    const auto function = totals->function_(record.bytes());
    const auto calltime = totals->calltime_(record.bytes());
    const auto rettime = totals->rettime_(record.bytes());
    if (!function || !calltime || !rettime) {
      skip(record);
      return;
    }
    FunctionTotal& total = totals->slot(*function);
    ++total.calls;
    total.nanoseconds += *rettime - *calltime;
  }
  void skip(const RawRecord& record) {
    skipped.count_skipped(SkipReason::short_event,
                          {reinterpret_cast<const char*>(record.data), record.size},  // NOLINT: kept as it stands
                          record.size);
    if (skipped.skipped_records() == 1) {
      skipped.first_bad->number = records;
      skipped.first_bad->offset = static_cast<std::uint64_t>(record.data - begin);
    }
  }

  const std::byte* begin;
  ParseStats skipped{};
};

FunctionTotals::FunctionTotals(const EventFormat& exit, std::uint32_t id_offset)
    : id_(exit.id()),
      id_offset_(id_offset),
      function_(exit, "func"),
      calltime_(exit, "calltime"),
      rettime_(exit, "rettime"),
      slots_(kFirstSlots) {
  constexpr std::uint32_t kWide = 8;
  constexpr std::uint32_t kFar = 1U << 27U;  // beyond any record
  wide_ = exit.byte_order() == std::endian::native && id_offset <= kHeaderSize - sizeof id_;
  for (const auto& [name, at] :
       {std::pair{"func", &function_at_}, std::pair{"calltime", &calltime_at_}, std::pair{"rettime", &rettime_at_}}) {
    const EventField* const field = exit.find(name);
    wide_ = wide_ && field->size == kWide && field->offset < kFar;
    *at = field->offset;
    fields_end_ = std::max(fields_end_, field->offset + kWide);
  }
}

bool FunctionTotals::plain(const PageLayout& layout) const noexcept {
  return wide_ && layout.byte_order == std::endian::native && layout.long_size == 8 &&
         layout.page_size() <= kLargestPlainPage;
}

void FunctionTotals::feed(const PageLayout& layout, std::span<const std::byte> pages) {
  if (!plain(layout)) {
    feed_any(layout, pages);
    return;
  }
  exits_.resize(std::max(exits_.size(), layout.data_size / kSmallestRecord + 1));
  while (!pages.empty()) {
    const auto page = pages.first(std::min(pages.size(), layout.page_size()));
    pages = pages.subspan(page.size());
    const auto next = pages.size() >= layout.page_size() ? pages.first(layout.page_size()) : page;
    if (page.size() != layout.page_size() || !feed_plain(layout, page, next))
      feed_any(layout, page);
  }
}

// First where the exits are, then what they say: neither loop has a branch that depends on what a record is.
bool FunctionTotals::feed_plain(const PageLayout& layout, std::span<const std::byte> page,
                                std::span<const std::byte> next) {
  constexpr std::uint32_t kMaxDataType = 28;  // include/linux/ring_buffer.h: RINGBUF_TYPE_DATA_TYPE_LEN_MAX
  constexpr std::uint32_t kPadding = 29;
  const auto type_of = [](std::uint32_t header) {
    return std::endian::native == std::endian::little ? header & 0x1fU : header >> 27U;
  };
  const auto used = load<std::uint64_t>(page.data() + layout.commit_offset, false);
  if (used > layout.data_size)  // or with a mark of loss
    return false;
  const std::byte* const data = page.data() + layout.data_offset;
  std::uint32_t* const exits = exits_.data();
  const std::uint16_t id = id_;
  const std::size_t id_at = kHeaderSize + id_offset_;
  const auto end = static_cast<std::size_t>(used);
  std::size_t at = 0;
  std::size_t count = 0;
  std::uint64_t records = 0;
  while (end - at >= kSmallestRecord) {
    const std::uint32_t type = type_of(load<std::uint32_t>(data + at, false));
    if (type - 1 < kMaxDataType) [[likely]] {
      // A processor fetches ahead by itself, but not beyond the end of a page.
      __builtin_prefetch(next.data() + at);
      exits[count] = static_cast<std::uint32_t>(at);
      count += load<std::uint16_t>(data + at + id_at, false) == id ? 1U : 0U;
      at += kHeaderSize + std::size_t{type} * kHeaderSize;
      ++records;
      if (at > end) [[unlikely]]
        return false;
    } else if (type > kPadding) {  // a time
      at += 2 * kHeaderSize;
    } else {
      return false;
    }
  }
  if (at != end)
    return false;
  const auto size_of = [&](std::uint32_t exit) {
    return type_of(load<std::uint32_t>(data + exit, false)) * kHeaderSize;
  };
  const std::span found(exits, count);
  if (std::ranges::any_of(found, [&](std::uint32_t exit) { return size_of(exit) < fields_end_; })) [[unlikely]]
    return false;
  for (const std::uint32_t exit : found) {
    const std::byte* const record = data + exit + kHeaderSize;
    FunctionTotal& total = slot(load<std::uint64_t>(record + function_at_, false));
    ++total.calls;
    total.nanoseconds +=
        load<std::uint64_t>(record + rettime_at_, false) - load<std::uint64_t>(record + calltime_at_, false);
  }
  stats_.bytes += page.size();
  stats_.parsed_bytes += page.size();
  stats_.records += records;
  stats_.parsed_records += records;
  return true;
}

void FunctionTotals::feed_any(const PageLayout& layout, std::span<const std::byte> pages) {
  PageDecoder decoder(layout, id_offset_);
  Exits exits{.totals = this, .begin = pages.data()};
  decoder.feed(0, pages, exits);
  ParseStats stats = decoder.stats();
  // What the decoder took for a record, and the exit's fields are not in.
  const std::uint64_t cut = exits.skipped.skipped_records();
  stats.parsed_records -= cut;
  stats.parsed_bytes -= exits.skipped.skipped_bytes;
  stats.skipped_bytes += exits.skipped.skipped_bytes;
  stats.skipped_records_by_reason[static_cast<std::size_t>(SkipReason::short_event)] += cut;
  if (exits.skipped.first_bad && (!stats.first_bad || exits.skipped.first_bad->offset < stats.first_bad->offset))
    stats.first_bad = exits.skipped.first_bad;
  if (stats.first_bad) {
    stats.first_bad->number += stats_.records;
    stats.first_bad->offset += stats_.bytes;
  }
  stats_ += stats;
}

FunctionTotal& FunctionTotals::add(std::uint64_t function) {
  if (++used_ * kSparse > slots_.size()) {
    const std::vector<FunctionTotal> old = std::exchange(slots_, std::vector<FunctionTotal>(slots_.size() * 2));
    for (const FunctionTotal& total : old) {
      if (total.calls != 0)
        search(total.function) = total;
    }
  }
  FunctionTotal& free = search(function);
  free.function = function;
  return free;
}

FunctionTotals& FunctionTotals::operator+=(const FunctionTotals& other) {
  for (const FunctionTotal& theirs : other.totals()) {
    FunctionTotal& ours = slot(theirs.function);
    ours.calls += theirs.calls;
    ours.nanoseconds += theirs.nanoseconds;
  }
  stats_ += other.stats_;
  return *this;
}

std::vector<FunctionTotal> FunctionTotals::totals() const {
  std::vector<FunctionTotal> totals;
  totals.reserve(used_);
  std::ranges::copy_if(slots_, std::back_inserter(totals), [](const FunctionTotal& total) { return total.calls != 0; });
  return totals;
}

}  // namespace fathom
