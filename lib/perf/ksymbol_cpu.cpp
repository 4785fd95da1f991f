#include "ksymbol_cpu.hpp"

#include "ksymbol_record.hpp"
#include "perf_event_open.hpp"

#include <fathom/base/error.hpp>

#include <linux/perf_event.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <ctime>
#include <span>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>

namespace fathom::perf {

namespace {

constexpr std::string_view kWhat = "the event of kernel symbols";

perf_event_attr attributes() {
  perf_event_attr attr{};
  attr.size = sizeof attr;
  attr.type = PERF_TYPE_SOFTWARE;
  attr.config = PERF_COUNT_SW_DUMMY;
  attr.ksymbol = 1;
  attr.sample_id_all = 1;
  attr.sample_type = PERF_SAMPLE_TIME | PERF_SAMPLE_CPU;
  attr.use_clockid = 1;
  attr.clockid = CLOCK_MONOTONIC;
  attr.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED;
  // Wake at the first byte: wakeup_events counts samples only, and there are none.
  attr.watermark = 1;
  attr.wakeup_watermark = 1;
  return attr;
}

// The event, and whether it counts losses.
std::pair<UniqueFd, bool> open_counting(unsigned cpu, const KsymbolOptions& options) {
  try {
    return open_counting_losses(attributes(), {.pid = -1, .cpu = static_cast<int>(cpu)},
                                {.what = kWhat, .paranoid = 0, .proc = options.proc});
  } catch (const Error& error) {
    if (!is_unknown_attribute(error))
      throw;
  }
  throw UnsupportedError("PERF_RECORD_KSYMBOL", {}, "it came with Linux 5.1");
}

}  // namespace

KsymbolCpu::KsymbolCpu(unsigned cpu, const KsymbolOptions& options) : cpu_(cpu) {
  std::tie(fd_, counts_losses_) = open_counting(cpu, options);
  mapping_ = PerfMapping(fd_.get(), options.ring_pages, kWhat);
  ring_ = mapping_.ring();
}

std::optional<KsymbolCpu::Counts> KsymbolCpu::read_counts() const {
  Counts counts{};
  const std::size_t size = counts_losses_ ? sizeof counts : offsetof(Counts, lost);
  // Short where the CPU took the event with it.
  if (::read(fd_.get(), &counts, size) != static_cast<ssize_t>(size))
    return std::nullopt;
  return counts;
}

void KsymbolCpu::drain(KsymbolBatch& batch, ParseStats& stats) {
  const std::uint64_t records_before = stats.records;
  ring_.drain(stats, [&](std::span<const std::byte> bytes) {
    KsymbolRecord record = parse_ksymbol_record(bytes);
    if (auto* event = std::get_if<KsymbolEvent>(&record))
      batch.events.push_back(std::move(*event));
    else if (const auto* lost = std::get_if<LostRecord>(&record))
      lost_told_ += lost->lost;
    return record.index() != 0;
  });
  if (stats.records == records_before)
    return;  // a ring that was empty was not full either
  const std::optional<Counts> counts = read_counts();
  const std::uint64_t lost = std::max(lost_told_, counts ? counts->lost : 0);
  if (lost > lost_counted_) {
    const std::uint64_t more = lost - lost_counted_;
    batch.losses.push_back({.cpu = cpu_, .reason = KsymbolLoss::Reason::ring_full, .events = more});
    stats.losses += 1;
    stats.lost_events += more;
    lost_counted_ = lost;
  }
}

std::optional<std::uint64_t> KsymbolCpu::time_enabled() const {
  const auto counts = read_counts();
  return counts ? std::optional(counts->time_enabled) : std::nullopt;
}

}  // namespace fathom::perf
