#include <fathom/base/parse_stats.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <perf/perf_ring.hpp>
#include <perf/record_decoder.hpp>
#include <perf/record_walk.hpp>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

namespace {

using fathom::perf::RecordLayout;

// Looks at every byte of a view, which the sanitizer watches.
void touch(std::span<const std::byte> bytes) {
  std::uint64_t sum = 0;
  for (const std::byte byte : bytes)
    sum += std::to_integer<std::uint64_t>(byte);
  if (sum > bytes.size() * 255)
    std::abort();
}
void touch(std::string_view text) {
  touch(std::as_bytes(std::span(text)));
}

struct Touch {
  void operator()(const fathom::PerfSample& sample) const {
    touch(sample.raw);
    std::size_t addresses = 0;
    for (const fathom::PerfFrames& frames : sample.callchain) {
      touch(std::as_bytes(frames.addresses));
      addresses += frames.addresses.size();
    }
    if (addresses > sample.callchain.words().size())
      std::abort();
    for (std::size_t i = 0; i < sample.counts.size(); ++i) {
      const std::uint64_t value = sample.counts[i];
      touch(std::as_bytes(std::span(&value, 1)));
    }
  }
  void operator()(const fathom::PerfMmap& record) const {
    touch(record.build_id);
    touch(record.path);
    if (record.path.find('\0') != std::string_view::npos || record.build_id.size() > 20)
      std::abort();
  }
  void operator()(const fathom::PerfComm& record) const { touch(record.comm); }
  void operator()(const fathom::PerfTask& /*record*/) const {}
  void operator()(const fathom::PerfSwitch& /*record*/) const {}
  void operator()(const fathom::PerfThrottle& /*record*/) const {}
};

// Decodes a copy of a record, so that a read beyond it is found.
bool decode(const RecordLayout& layout, std::span<const std::uint64_t> record) {
  const std::vector<std::uint64_t> words(record.begin(), record.end());
  std::vector<fathom::PerfEventRecord> told;
  fathom::perf::LostRecords lost;
  const auto decoded = fathom::perf::decode_record(layout, words, told, lost);
  if ((decoded == fathom::perf::Decoded::record) != (told.size() == 1))
    std::abort();
  for (const fathom::PerfEventRecord& record_told : told)
    std::visit(Touch{}, record_told);
  return decoded != fathom::perf::Decoded::nothing;
}

}  // namespace

// Four bytes of sample_type, one of read_format, a place in a ring of a page, and what is there: taken out and gone
// over as the sampler does it, no view leaves its record, and each byte is parsed or skipped.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kRing = 4096;
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  constexpr std::size_t kHead = 6;
  if (size < kHead)
    return 0;
  std::uint32_t sample_type = 0;
  std::memcpy(&sample_type, data, sizeof sample_type);
  const RecordLayout layout{.sample_type = sample_type & fathom::perf::kKnownSampleType,
                            .read_format = data[4] & fathom::perf::kKnownReadFormat};
  const std::size_t start = data[5] * kWord;
  const std::size_t bytes = std::min(size - kHead, kRing) / kWord * kWord;
  std::vector<std::byte> ring(kRing);
  for (std::size_t i = 0; i < bytes; ++i)
    ring[(start + i) % kRing] = static_cast<std::byte>(data[kHead + i]);
  unsigned long long tail = start;
  unsigned long long head = start + bytes;
  std::vector<std::uint64_t> words(bytes / kWord);
  if (!fathom::perf::PerfRing(head, tail, ring).take_until(head, std::as_writable_bytes(std::span(words))) ||
      tail != head ||
      !std::ranges::equal(std::as_bytes(std::span(words)), std::as_bytes(std::span(data + kHead, bytes))))
    std::abort();
  fathom::ParseStats stats;
  std::uint64_t understood = 0;
  fathom::perf::walk_records(words, stats, [&](std::span<const std::uint64_t> record) {
    const bool known = decode(layout, record);
    understood += known ? 1U : 0U;
    return known;
  });
  if (stats.parsed_records != understood || stats.bytes != bytes)
    std::abort();
  if (stats.parsed_bytes + stats.skipped_bytes != stats.bytes ||
      stats.parsed_records + stats.skipped_records() != stats.records)
    std::abort();
  return 0;
}
