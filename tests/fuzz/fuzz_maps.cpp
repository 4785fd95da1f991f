#include <fathom/symbols/process_map.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

// Whatever the bytes are: each is parsed or skipped, a mapping holds its own addresses, and a text that is cut says no
// more than the whole.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const fathom::ProcessMap whole = fathom::parse_maps(text);
  const fathom::ParseStats& stats = whole.stats;
  if (stats.bytes != size || stats.parsed_bytes + stats.skipped_bytes != size)
    std::abort();
  if (stats.parsed_records != whole.mappings.size() || stats.parsed_records + stats.skipped_records() != stats.records)
    std::abort();
  if ((stats.skipped_records() != 0) != stats.first_bad.has_value())
    std::abort();
  std::uint64_t last = 0;
  for (const fathom::ProcessMapping& mapping : whole.mappings) {
    if (mapping.start < last || mapping.start >= mapping.end)
      std::abort();
    last = mapping.start;
    const fathom::ProcessMapping* const found = whole.find(mapping.start);
    if (found != nullptr && (found->start > mapping.start || found->end <= mapping.start))
      std::abort();
  }
  if (fathom::parse_maps(text.substr(0, size / 2)).mappings.size() > whole.mappings.size())
    std::abort();
  return 0;
}
