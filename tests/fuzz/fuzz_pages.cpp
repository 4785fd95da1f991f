#include <fathom/rawtrace/event_merger.hpp>
#include <fathom/rawtrace/page_decoder.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

namespace {

struct Sink {
  std::uint64_t records = 0;
  std::uint64_t losses = 0;
  std::uint64_t sum = 0;
  void on(const fathom::RawRecord& record, const fathom::RawRecord* next) {
    ++records;
    for (const std::byte b : record.bytes())
      sum += static_cast<std::uint64_t>(b);
    if (next != nullptr && (next->cpu != record.cpu || next->size == 0))
      std::abort();
  }
  void on(const fathom::Loss& loss) { losses += loss.events.value_or(1); }
};

void check(const fathom::ParseStats& stats, std::size_t bytes, const Sink& sink) {
  if (stats.bytes != bytes || stats.bytes != stats.parsed_bytes + stats.skipped_bytes ||
      stats.records != stats.parsed_records + stats.skipped_records() || stats.parsed_records != sink.records)
    std::abort();
}

}  // namespace

// The first byte says the layout, the rest is pages: no byte outside of them is read, and the account adds up, for each
// page alone and for the halves of the input merged.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0)
    return 0;
  fathom::PageLayout layout;
  layout.byte_order = (data[0] & 1U) != 0 ? std::endian::big : std::endian::little;
  layout.long_size = (data[0] & 2U) != 0 ? 4 : 8;
  layout.data_offset = 8 + layout.long_size;
  layout.data_size = (data[0] & 4U) != 0 ? 240 : 1000;
  const auto pages = std::as_bytes(std::span(data, size)).subspan(1);

  fathom::PageDecoder decoder(layout, data[0] >> 3U);
  Sink sink;
  decoder.feed(0, pages, sink);
  check(decoder.stats(), pages.size(), sink);

  fathom::EventMerger merger(layout);
  Sink merged;
  merger.add(0, pages.first(pages.size() / 2));
  merger.add(1, pages.subspan(pages.size() / 2));
  merger.drain(merged);
  check(merger.stats(), pages.size(), merged);
  return 0;
}
