#pragma once

#include <fathom/base/parse_stats.hpp>
#include <fathom/event/sink.hpp>
#include <fathom/rawtrace/detail/page_cursor.hpp>
#include <fathom/rawtrace/format_registry.hpp>
#include <fathom/rawtrace/page_layout.hpp>
#include <fathom/rawtrace/raw_record.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

namespace fathom {

/// Takes the pages of a ring buffer apart into records.
///
///     struct CountSwitches {
///       std::uint16_t id;
///       std::uint64_t switches = 0;
///       void on(const RawRecord& record) { switches += record.id == id ? 1 : 0; }
///     };
///     PageDecoder decoder(formats);                        // a FormatRegistry
///     CountSwitches count{formats.find("sched", "sched_switch")->id()};
///     decoder.feed(cpu, pages, count);                     // what was read from per_cpu/cpuN/trace_pipe_raw
///     decoder.stats().lost_events;                         // as the kernel counted, overwritten before they were read
///
/// Pages and sub-buffers of any size, in either byte order, of 32- and 64-bit kernels, as the layout says; every kind
/// of event header: long records, time extends, absolute times, records that the kernel took back, pages that were read
/// in part. Each page stands by itself: it begins with a time. Several CPUs may be fed to one decoder in any order; to
/// see them in the order of time, use EventMerger. The decoder keeps nothing between calls but its counts.
///
/// Bytes are never trusted. Each page's bytes are parsed or skipped for a reason: a head that says more data than a
/// page has (`bad_page`), a record whose length cannot be, with the rest of its page (`bad_event`), and an end of the
/// input within a page (`cut_page`), of which the whole records are given. `stats().records` counts records, and each
/// skipped stretch as one. Nothing is allocated, but for the first skipped bytes. Only what the sink throws, and
/// std::bad_alloc for these bytes, get through.
///
/// Distinct decoders may run in distinct threads.
class PageDecoder {
 public:
  /// For pages of this layout, whose records have their number at `id_offset`: 0 on every kernel so far.
  explicit PageDecoder(const PageLayout& layout = {}, std::uint32_t id_offset = 0)
      : layout_(layout), id_offset_(id_offset) {}
  /// As the formats say.
  explicit PageDecoder(const FormatRegistry& formats) : PageDecoder(formats.layout(), formats.id_offset()) {}

  /// Takes pages of one CPU, one behind the other. A last page that is not whole counts as cut.
  template <class Sink>
    requires RecordSink<std::remove_reference_t<Sink>>
  void feed(std::uint32_t cpu, std::span<const std::byte> pages, Sink&& sink) {  // NOLINT(*-missing-std-forward)
    if (layout_.byte_order == std::endian::native)
      run<false>(cpu, pages, sink);
    else
      run<true>(cpu, pages, sink);
  }

  /// What was parsed and what was skipped.
  [[nodiscard]] const ParseStats& stats() const noexcept { return stats_; }
  /// What stood beside the records.
  [[nodiscard]] const PageCounts& counts() const noexcept { return counts_; }

 private:
  template <bool Swap, class Sink>
  void run(std::uint32_t cpu, std::span<const std::byte> pages, Sink& sink) {
    detail::PageCursor<Swap> cursor(layout_, id_offset_, cpu, pages, stats_);
    if constexpr (requires(const RawRecord& record) { sink.on(record, &record); }) {
      std::array<RawRecord, 2> records;
      RawRecord* record = records.data();
      RawRecord* ahead = record + 1;
      bool known = false;
      for (bool more = true; more; std::swap(record, ahead)) {
        if (known)
          offer_loss(cursor, sink);
        more = cursor.next(*ahead);
        if (known)
          sink.on(*record, more && !cursor.lost() ? ahead : nullptr);
        known = true;
      }
    } else {
      RawRecord record;
      while (cursor.next(record)) {
        offer_loss(cursor, sink);
        sink.on(record);
      }
    }
    offer_loss(cursor, sink);
    cursor.finish();
    counts_ += cursor.tally().counts;
  }

  template <class Cursor, class Sink>
  static void offer_loss(Cursor& cursor, Sink& sink) {
    if (cursor.lost()) [[unlikely]]
      offer(sink, cursor.take_loss());
  }

  PageLayout layout_;
  std::uint32_t id_offset_;
  ParseStats stats_;
  PageCounts counts_;
};

}  // namespace fathom
