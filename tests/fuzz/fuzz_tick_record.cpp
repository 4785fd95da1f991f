#include <fathom/base/parse_stats.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <perf/perf_ring.hpp>
#include <perf/tick_record.hpp>
#include <span>
#include <variant>
#include <vector>

namespace {

// The word of a record at this place; the header is word 0.
std::uint64_t word(std::span<const std::byte> record, std::size_t index) {
  std::uint64_t value = 0;
  std::memcpy(&value, record.data() + index * sizeof value, sizeof value);
  return value;
}

std::uint64_t both(int low, int high) {
  return static_cast<std::uint32_t>(low) | static_cast<std::uint64_t>(static_cast<std::uint32_t>(high)) << 32U;
}

void expect(bool holds) {
  if (!holds)
    std::abort();
}

// What is told stands in the record, which has the one size that its type has.
void check(const fathom::perf::TickRecord& told, std::span<const std::byte> record) {
  const std::size_t words = record.size() / sizeof(std::uint64_t);
  if (const auto* tick = std::get_if<fathom::PerfTick>(&told)) {
    expect(words == 4 && word(record, 1) == both(tick->pid, tick->tid) && word(record, 2) == tick->time.nanoseconds);
    expect(static_cast<std::uint32_t>(word(record, 3)) == tick->cpu);
  } else if (const auto* lost = std::get_if<fathom::perf::TicksLost>(&told)) {
    expect(words == 3 && word(record, 2) == lost->lost);
  } else if (const auto* on = std::get_if<fathom::perf::TicksGoOn>(&told)) {
    expect(words == 4 && word(record, 1) == on->time.nanoseconds);
  } else {
    expect(words == 4);
  }
}

// Copies the record to memory of its size, so that a read beyond it is found.
bool parse(std::span<const std::byte> record) {
  const std::vector<std::byte> copy(record.begin(), record.end());
  const auto told = fathom::perf::parse_tick_record(copy);
  if (told.index() == 0)
    return false;
  check(told, copy);
  for (std::size_t size = 0; size < copy.size(); ++size) {
    const std::vector<std::byte> cut(record.begin(), record.begin() + static_cast<std::ptrdiff_t>(size));
    expect(fathom::perf::parse_tick_record(cut).index() == 0);
  }
  return true;
}

}  // namespace

// Once as one record, whatever its header says of its size, and once as a ring of a page: each byte of that is parsed
// or skipped.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kRing = 4096;
  const auto bytes = std::as_bytes(std::span(data, size));
  (void)parse(bytes);

  std::vector<std::byte> ring(kRing);
  const std::size_t in_ring = std::min(size, kRing);
  std::ranges::copy(bytes.first(in_ring), ring.begin());
  unsigned long long tail = 0;
  unsigned long long head = in_ring;
  fathom::ParseStats stats;
  std::uint64_t understood = 0;
  fathom::perf::PerfRing(head, tail, ring).drain(stats, [&](std::span<const std::byte> record) {
    const bool known = parse(record);
    understood += known ? 1U : 0U;
    return known;
  });
  expect(tail == head && stats.parsed_records == understood && stats.bytes == in_ring);
  expect(stats.parsed_bytes + stats.skipped_bytes == stats.bytes);
  expect(stats.parsed_records + stats.skipped_records() == stats.records);
  return 0;
}
