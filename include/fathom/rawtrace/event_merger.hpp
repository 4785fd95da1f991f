#pragma once

#include <fathom/base/parse_stats.hpp>
#include <fathom/event/sink.hpp>
#include <fathom/rawtrace/detail/page_cursor.hpp>
#include <fathom/rawtrace/format_registry.hpp>
#include <fathom/rawtrace/page_layout.hpp>
#include <fathom/rawtrace/raw_record.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace fathom {

/// The records of several CPUs in the order of time, as the kernel's file `trace` has them: the one with the lowest
/// time first, of equal ones that of the lowest CPU. A CPU's own records keep their order.
///
///     EventMerger merger(formats);
///     merger.add(0, pages_of_cpu0);         // all that belongs to one recording
///     merger.add(1, pages_of_cpu1);
///     merger.drain(sink);                   // a RecordSink
///
/// The sink, the pages and the counts are as with PageDecoder, which is faster where the order does not matter. The
/// pages are not copied: they must stay until drain() returns. Some 200 bytes a CPU. Not safe to share between threads.
class EventMerger {
 public:
  /// For pages of this layout; see PageDecoder.
  explicit EventMerger(const PageLayout& layout = {}, std::uint32_t id_offset = 0)
      : layout_(layout), id_offset_(id_offset) {}
  /// As the formats say.
  explicit EventMerger(const FormatRegistry& formats) : EventMerger(formats.layout(), formats.id_offset()) {}

  /// The pages of one CPU, one behind the other. Throws Error (std::errc::invalid_argument) if this CPU has pages
  /// already: they must come in one piece.
  void add(std::uint32_t cpu, std::span<const std::byte> pages) { add(cpu, pages, layout_); }
  /// The same for pages of a layout of their own: buffers may have pages of different sizes. Throws Error likewise
  /// where that has another byte order than the others.
  void add(std::uint32_t cpu, std::span<const std::byte> pages, const PageLayout& layout);

  /// Gives all records to the sink; afterwards there are no pages any more.
  template <class Sink>
    requires RecordSink<std::remove_reference_t<Sink>>
  void drain(Sink&& sink) {  // NOLINT(*-missing-std-forward): it is used more than once
    if (layout_.byte_order == std::endian::native)
      run<false>(sink);
    else
      run<true>(sink);
  }

  /// What was parsed and what was skipped, of all CPUs.
  [[nodiscard]] const ParseStats& stats() const noexcept { return stats_; }
  /// What stood beside the records.
  [[nodiscard]] const PageCounts& counts() const noexcept { return counts_; }

 private:
  struct Source {
    std::uint32_t cpu;
    std::span<const std::byte> pages;
    PageLayout layout;
  };

  // A CPU's pages, and where we are there.
  template <bool Swap>
  struct Reading {
    detail::PageCursor<Swap> cursor;
    std::array<RawRecord, 2> records{};
    unsigned newest = 0;  // of these; the other one is that before it

    bool next() { return cursor.next(records[newest ^= 1U]); }
    [[nodiscard]] const RawRecord& record() const noexcept { return records[newest]; }
  };

  // A heap with the earliest record on top.
  template <bool Swap>
  static bool later(const Reading<Swap>* a, const Reading<Swap>* b) noexcept {
    const RawRecord& x = a->record();
    const RawRecord& y = b->record();
    return x.time != y.time ? x.time > y.time : x.cpu > y.cpu;
  }

  template <bool Swap>
  static void sink_top(std::vector<Reading<Swap>*>& heap) noexcept {
    std::size_t at = 0;
    Reading<Swap>* const top = heap[0];
    while (true) {
      std::size_t child = 2 * at + 1;
      if (child >= heap.size())
        break;
      if (child + 1 < heap.size() && later(heap[child], heap[child + 1]))
        ++child;
      if (!later(top, heap[child]))
        break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = top;
  }

  template <bool Swap, class Sink>
  void run(Sink& sink) {
    std::vector<Reading<Swap>> readings;
    readings.reserve(sources_.size());
    for (const Source& source : std::exchange(sources_, {}))
      readings.push_back({{source.layout, id_offset_, source.cpu, source.pages, stats_}});
    std::vector<Reading<Swap>*> heap;
    for (Reading<Swap>& reading : readings) {
      if (reading.next())
        heap.push_back(&reading);
    }
    std::make_heap(heap.begin(), heap.end(), later<Swap>);
    while (!heap.empty()) {
      Reading<Swap>& reading = *heap.front();
      if (reading.cursor.lost()) [[unlikely]]
        offer(sink, reading.cursor.take_loss());
      const RawRecord& record = reading.record();
      const bool more = reading.next();
      give(sink, record, more && !reading.cursor.lost() ? &reading.record() : nullptr);
      if (!more) {
        heap.front() = heap.back();
        heap.pop_back();
      }
      if (!heap.empty())
        sink_top(heap);
    }
    for (Reading<Swap>& reading : readings) {
      if (reading.cursor.lost())
        offer(sink, reading.cursor.take_loss());
      reading.cursor.finish();
      counts_ += reading.cursor.tally().counts;
    }
  }

  PageLayout layout_;
  std::uint32_t id_offset_;
  std::vector<Source> sources_;
  ParseStats stats_;
  PageCounts counts_;
};

}  // namespace fathom
