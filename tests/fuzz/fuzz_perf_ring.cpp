#include <fathom/base/parse_stats.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <perf/ksymbol_record.hpp>
#include <perf/perf_ring.hpp>
#include <span>
#include <string>
#include <variant>
#include <vector>

// A ring of a page with whatever bytes, read from a place that the first two bytes say: nothing outside it is touched,
// each byte is parsed or skipped, and a name is one.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kRing = 4096;
  if (size < 2)
    return 0;
  std::vector<std::byte> ring(kRing);
  std::uint16_t start = 0;
  std::memcpy(&start, data, sizeof start);
  for (std::size_t i = 2; i < size; ++i)
    ring[(start + i - 2) % kRing] = static_cast<std::byte>(data[i]);

  unsigned long long tail = start;
  unsigned long long head = start + (size - 2);
  fathom::ParseStats stats;
  std::uint64_t understood = 0;
  fathom::perf::PerfRing(head, tail, ring).drain(stats, [&](std::span<const std::byte> bytes) {
    const auto record = fathom::perf::parse_ksymbol_record(bytes);
    if (const auto* event = std::get_if<fathom::KsymbolEvent>(&record)) {
      if (event->name.empty() || event->name.find('\0') != std::string::npos || event->name.size() > bytes.size())
        std::abort();
    }
    understood += record.index() != 0 ? 1U : 0U;
    return record.index() != 0;
  });
  if (tail != head || stats.parsed_records != understood)
    std::abort();
  if (stats.bytes != std::min(size - 2, kRing) || stats.parsed_bytes + stats.skipped_bytes != stats.bytes)
    std::abort();
  if (stats.parsed_records + stats.skipped_records() != stats.records)
    std::abort();
  if ((stats.skipped_records() != 0) != stats.first_bad.has_value())
    std::abort();
  return 0;
}
