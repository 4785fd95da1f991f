#include <fathom/rawtrace/detail/raw_bytes.hpp>
#include <fathom/rawtrace/function_totals.hpp>
#include <fathom/rawtrace/page_decoder.hpp>

#include <algorithm>
#include <array>
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

// So many pages are gone through in turn.
constexpr std::size_t kTogether = 4;

// Finds the exits on a page with nothing but records and times. No branch depends on which record one is.
class PageWalk {
 public:
  PageWalk() = default;
  // `ahead` leads to the page to be fetched; `exits` has room for all records.
  PageWalk(const PageLayout& layout, const std::byte* page, std::ptrdiff_t ahead, const std::byte** exits) noexcept
      : at_(page + layout.data_offset), end_(at_), first_(exits), last_(exits), ahead_(ahead) {
    const auto used = load<std::uint64_t>(page + layout.commit_offset, false);
    good_ = used <= layout.data_size;  // and no mark of loss
    if (good_)
      end_ += used;
  }

  // Takes one record or time; false where there is none, or one of another kind.
  bool step(std::uint16_t id, std::size_t id_at) noexcept {
    if (end_ - at_ < static_cast<std::ptrdiff_t>(kSmallestRecord)) [[unlikely]]
      return false;
    const std::uint32_t type = type_of(at_);
    if (type - 1 < kMaxDataType) [[likely]] {
      // A processor fetches ahead by itself, but not beyond the end of a page.
      __builtin_prefetch(at_ + ahead_);
      *last_ = at_;
      last_ += load<std::uint16_t>(at_ + id_at, false) == id ? 1 : 0;
      ++records_;
      const std::size_t size = kHeaderSize + std::size_t{type} * kHeaderSize;
      if (size > static_cast<std::size_t>(end_ - at_)) [[unlikely]]
        return stop();
      at_ += size;
      return true;
    }
    if (type <= kPadding)
      return stop();
    at_ += 2 * kHeaderSize;
    return true;
  }
  // Whether everything on the page was taken.
  [[nodiscard]] bool whole() const noexcept { return good_ && at_ == end_; }
  [[nodiscard]] std::span<const std::byte* const> exits() const noexcept { return {first_, last_}; }
  [[nodiscard]] std::uint64_t records() const noexcept { return records_; }
  // The bytes behind the head of a record.
  static std::uint32_t size_of(const std::byte* record) noexcept { return type_of(record) * 4; }

 private:
  static constexpr std::uint32_t kMaxDataType = 28;  // include/linux/ring_buffer.h: RINGBUF_TYPE_DATA_TYPE_LEN_MAX
  static constexpr std::uint32_t kPadding = 29;

  static std::uint32_t type_of(const std::byte* record) noexcept {
    const auto header = load<std::uint32_t>(record, false);
    return std::endian::native == std::endian::little ? header & 0x1fU : header >> 27U;
  }
  bool stop() noexcept {
    good_ = false;
    end_ = at_;
    return false;
  }

  const std::byte* at_ = nullptr;
  const std::byte* end_ = nullptr;
  const std::byte** first_ = nullptr;
  const std::byte** last_ = nullptr;
  std::ptrdiff_t ahead_ = 0;
  std::uint64_t records_ = 0;
  bool good_ = false;
};

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
      wide_(exit.byte_order() == std::endian::native && id_offset <= kHeaderSize - sizeof id_),
      slots_(kFirstSlots) {
  constexpr std::uint32_t kWide = 8;
  constexpr std::uint32_t kFar = 1U << 27U;  // beyond any record
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
  const std::size_t room = layout.data_size / kSmallestRecord + 1;
  exits_.resize(std::max(exits_.size(), room * kTogether));
  const std::size_t size = layout.page_size();
  while (pages.size() >= size * kTogether) {
    const auto group = pages.first(size * kTogether);
    pages = pages.subspan(group.size());
    feed_plain(layout, group, pages.size() >= group.size() ? pages.data() : group.data());
  }
  if (!pages.empty())
    feed_any(layout, pages);
}

void FunctionTotals::feed_plain(const PageLayout& layout, std::span<const std::byte> pages, const std::byte* next) {
  const std::size_t size = layout.page_size();
  std::array<PageWalk, kTogether> walks;
  for (std::size_t i = 0; i < kTogether; ++i) {
    const std::byte* const page = pages.data() + i * size;
    walks[i] = PageWalk(layout, page, next + i * size - page, &exits_[i * (exits_.size() / kTogether)]);
  }
  // Where a record begins is known when its predecessor was looked at: so a processor has several pages to look at.
  const std::uint16_t id = id_;
  const std::size_t id_at = kHeaderSize + id_offset_;
  bool all = true;
  while (all) {
    for (PageWalk& walk : walks)
      all &= walk.step(id, id_at);
  }
  for (std::size_t i = 0; i < kTogether; ++i) {
    PageWalk& walk = walks[i];
    while (walk.step(id, id_at)) {
    }
    if (!walk.whole() || !add_exits(walk.exits()))
      feed_any(layout, pages.subspan(i * size, size));
    else
      count_page(size, walk.records());
  }
}

bool FunctionTotals::add_exits(std::span<const std::byte* const> exits) {
  const auto is_short = [this](const std::byte* exit) { return PageWalk::size_of(exit) < fields_end_; };
  if (std::ranges::any_of(exits, is_short)) [[unlikely]]
    return false;
  for (const std::byte* const exit : exits) {
    const std::byte* const record = exit + kHeaderSize;
    FunctionTotal& total = slot(load<std::uint64_t>(record + function_at_, false));
    ++total.calls;
    total.nanoseconds +=
        load<std::uint64_t>(record + rettime_at_, false) - load<std::uint64_t>(record + calltime_at_, false);
  }
  return true;
}

void FunctionTotals::count_page(std::size_t bytes, std::uint64_t records) noexcept {
  stats_.bytes += bytes;
  stats_.parsed_bytes += bytes;
  stats_.records += records;
  stats_.parsed_records += records;
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
