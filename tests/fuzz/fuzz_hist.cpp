#include <fathom/tracefs/hist_table.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

// Whatever the bytes are: each is parsed or skipped, an entry fits its header, and a text that is cut says no more than
// the whole.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const fathom::HistFile whole = fathom::parse_hist(text);
  const fathom::ParseStats& stats = whole.stats;
  if (stats.bytes != size || stats.parsed_bytes + stats.skipped_bytes != size)
    std::abort();
  if (stats.parsed_records + stats.skipped_records() != stats.records)
    std::abort();
  if ((stats.skipped_records() != 0) != stats.first_bad.has_value())
    std::abort();
  std::uint64_t entries = 0;
  for (const fathom::HistTable& table : whole.tables) {
    entries += table.entries.size();
    for (const fathom::HistEntry& entry : table.entries) {
      if (entry.keys.size() != table.keys.size() || entry.values.empty() || entry.values.size() > table.values.size())
        std::abort();
    }
  }
  if (entries > stats.parsed_records)
    std::abort();

  const fathom::HistFile half = fathom::parse_hist(text.substr(0, size / 2));
  if (half.tables.size() > whole.tables.size() || half.stats.parsed_records > stats.records)
    std::abort();
  for (std::size_t t = 0; t < half.tables.size(); ++t) {
    if (half.tables[t].entries.size() > whole.tables[t].entries.size())
      std::abort();
    for (std::size_t e = 0; e < half.tables[t].entries.size(); ++e) {
      if (half.tables[t].entries[e].keys != whole.tables[t].entries[e].keys)
        std::abort();
    }
  }
  return 0;
}
