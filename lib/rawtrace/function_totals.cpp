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

constexpr std::uint32_t kMaxDataType = 28;  // include/linux/ring_buffer.h: RINGBUF_TYPE_DATA_TYPE_LEN_MAX
constexpr std::uint32_t kPadding = 29;

std::uint32_t type_of(const std::byte* record) noexcept {
  const auto header = load<std::uint32_t>(record, false);
  return std::endian::native == std::endian::little ? header & 0x1fU : header >> 27U;
}

// Some pages, and what to find on them.
struct Pages {
  const std::byte* bytes;
  const std::byte* next;  // what is to be fetched
  std::uint16_t id;
  std::size_t id_at;
};

// Finds the exits on a page with nothing but records and times. No branch depends on which record one is. Places are
// counted from the first of the pages.
class PageWalk {
 public:
  // Of the page that begins `at` there.
  PageWalk(const PageLayout& layout, const std::byte* pages, std::size_t at) noexcept
      : at_(at + layout.data_offset), end_(at_) {
    const auto used = load<std::uint64_t>(pages + at + layout.commit_offset, false);
    if (used <= layout.data_size)  // and no mark of loss
      end_ += used;
    else
      stop();
    last_ = end_ - std::min(end_, kSmallestRecord);
  }

  // Whether there is a record or a time. Not behind a record that is too long either: then whole() is false.
  [[nodiscard]] bool more() const noexcept { return at_ <= last_; }
  // Takes it; an exit's place is put at the end of the list, which has room for all records.
  void step(const Pages& pages, std::uint32_t*& exits_end) noexcept {
    const std::byte* const record = pages.bytes + at_;
    const std::uint32_t type = type_of(record);
    if (type - 1 >= kMaxDataType) [[unlikely]] {
      step_time(type);
      return;
    }
    // A processor fetches ahead by itself, but not beyond the end of a page.
    __builtin_prefetch(pages.next + at_);
    *exits_end = static_cast<std::uint32_t>(at_);
    exits_end += load<std::uint16_t>(record + pages.id_at, false) == pages.id ? 1 : 0;
    at_ += kHeaderSize + std::size_t{type} * kHeaderSize;
  }
  // Takes all that there still is.
  [[nodiscard]] std::uint32_t* finish(const Pages& pages, std::uint32_t* exits_end) noexcept {
    for (; more(); ++steps_)
      step(pages, exits_end);
    return exits_end;
  }
  // Whether everything on the page was taken.
  [[nodiscard]] bool whole() const noexcept { return at_ == end_; }
  // How many records there were; `steps` were taken before finish().
  [[nodiscard]] std::uint64_t records(std::uint64_t steps) const noexcept { return steps + steps_ - times_; }

 private:
  void step_time(std::uint32_t type) noexcept {
    if (type <= kPadding) {
      stop();
      return;
    }
    at_ += 2 * kHeaderSize;
    ++times_;
  }
  void stop() noexcept {
    end_ = last_ = 0;
    at_ = 1;
  }

  std::size_t at_;
  std::size_t end_;
  std::size_t last_ = 0;  // where the last record can begin
  std::uint64_t steps_ = 0;
  std::uint64_t times_ = 0;
};

// Whether a place is on the n-th of the pages.
struct OnPage {
  std::size_t number;
  std::size_t size;
  bool operator()(std::uint32_t place) const noexcept { return place / size == number; }
};

}  // namespace

// The sink of the pages that are not plain.
struct FunctionTotals::Exits {
  FunctionTotals* totals;
  std::uint64_t added;  // so many of the exits are in the sums already
  std::uint64_t records = 0;

  void on(const RawRecord& record) {
    ++records;
    if (record.id != totals->id_)
      return;
    if (added != 0) {
      --added;
      return;
    }
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
    feed_any(layout, pages, 0);
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
    feed_any(layout, pages, 0);
}

void FunctionTotals::feed_plain(const PageLayout& layout, std::span<const std::byte> group, const std::byte* next) {
  const std::size_t size = layout.page_size();
  const Pages pages{.bytes = group.data(), .next = next, .id = id_, .id_at = kHeaderSize + id_offset_};
  // Where a record begins is known when its predecessor was looked at: so a processor has several pages to look at.
  // All exits go into one list, so that it has registers enough for them.
  PageWalk first(layout, group.data(), 0);
  PageWalk second(layout, group.data(), size);
  PageWalk third(layout, group.data(), 2 * size);
  PageWalk fourth(layout, group.data(), 3 * size);
  std::uint32_t* end = exits_.data();
  std::uint64_t rounds = 0;
  for (; first.more() && second.more() && third.more() && fourth.more(); ++rounds) {
    first.step(pages, end);
    second.step(pages, end);
    third.step(pages, end);
    fourth.step(pages, end);
  }
  std::array<PageWalk, kTogether> walks{first, second, third, fourth};
  for (PageWalk& walk : walks)
    end = walk.finish(pages, end);

  std::span exits(exits_.data(), end);
  for (std::size_t i = 0; i < kTogether; ++i) {
    if (!walks[i].whole()) [[unlikely]]
      exits = exits.first(exits.size() - std::ranges::remove_if(exits, OnPage{i, size}).size());
  }
  const auto added = exits.first(add_exits(group.data(), exits));
  for (std::size_t i = 0; i < kTogether; ++i) {
    const auto page = group.subspan(i * size, size);
    if (walks[i].whole() && added.size() == exits.size()) [[likely]]
      count_page(size, walks[i].records(rounds));
    else
      feed_any(layout, page, static_cast<std::uint64_t>(std::ranges::count_if(added, OnPage{i, size})));
  }
}

std::size_t FunctionTotals::add_exits(const std::byte* pages, std::span<const std::uint32_t> exits) {
  FunctionTotal* slots = slots_.data();
  std::size_t mask = slots_.size() - 1;
  const std::uint32_t end = fields_end_;
  const std::size_t function_at = kHeaderSize + function_at_;
  const std::size_t calltime_at = kHeaderSize + calltime_at_;
  const std::size_t rettime_at = kHeaderSize + rettime_at_;
  for (const std::uint32_t& exit : exits) {
    const std::byte* const record = pages + exit;
    if (type_of(record) * kHeaderSize < end) [[unlikely]]
      return static_cast<std::size_t>(&exit - exits.data());
    const auto function = load<std::uint64_t>(record + function_at, false);
    FunctionTotal* total = &search(slots, mask, function);
    if (total->calls == 0) [[unlikely]] {
      total = &add(function);
      slots = slots_.data();
      mask = slots_.size() - 1;
    }
    ++total->calls;
    total->nanoseconds +=
        load<std::uint64_t>(record + rettime_at, false) - load<std::uint64_t>(record + calltime_at, false);
  }
  return exits.size();
}

void FunctionTotals::count_page(std::size_t bytes, std::uint64_t records) noexcept {
  stats_.bytes += bytes;
  stats_.parsed_bytes += bytes;
  stats_.records += records;
  stats_.parsed_records += records;
}

void FunctionTotals::feed_any(const PageLayout& layout, std::span<const std::byte> pages, std::uint64_t added) {
  PageDecoder decoder(layout, id_offset_);
  Exits exits{.totals = this, .added = added, .begin = pages.data()};
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
        search(slots_.data(), slots_.size() - 1, total.function) = total;
    }
  }
  FunctionTotal& free = search(slots_.data(), slots_.size() - 1, function);
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
