#include "graph_formats.hpp"

#include <fathom/graph/call_forest.hpp>
#include <fathom/rawtrace/event_merger.hpp>
#include <fathom/rawtrace/graph_decoder.hpp>
#include <fathom/symbols/kallsyms_index.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

// The first byte says the byte order, the halves of the rest are pages of two CPUs: whatever is on them, the account
// adds up, and each function that was entered or left has a name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0)
    return 0;
  static const fathom::FormatRegistry kFormats[] = {graph_formats::formats_of(std::endian::little),
                                                    graph_formats::formats_of(std::endian::big)};
  const fathom::FormatRegistry& formats = kFormats[data[0] & 1U];
  const auto pages = std::as_bytes(std::span(data, size)).subspan(1);

  fathom::CallForest forest;
  fathom::GraphDecoder graph(formats, fathom::KallsymsIndex(), forest);
  fathom::EventMerger merger(formats);
  merger.add(0, pages.first(pages.size() / 2));
  merger.add(1, pages.subspan(pages.size() / 2));
  merger.drain(graph);
  forest.finish();
  const fathom::ParseStats stats = graph.stats();
  if (stats.records != merger.stats().parsed_records || stats.bytes != stats.parsed_bytes + stats.skipped_bytes ||
      stats.records != stats.parsed_records + stats.skipped_records() || forest.calls() > stats.parsed_records)
    std::abort();
  for (std::uint32_t i = 0; i < forest.calls(); ++i) {
    if (!forest.call(i).name().starts_with("0x"))
      std::abort();
  }
  return 0;
}
