#include "bpf_output.hpp"

#include "perf_event_open.hpp"

#include <linux/perf_event.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace fathom::perf {

namespace {

std::pair<UniqueFd, bool> open_output(unsigned cpu, std::uint32_t wakeup_records, std::string_view what) {
  perf_event_attr attr{};
  attr.size = sizeof attr;
  attr.type = PERF_TYPE_SOFTWARE;
  attr.config = PERF_COUNT_SW_BPF_OUTPUT;
  attr.sample_type = PERF_SAMPLE_RAW;
  attr.sample_period = 1;
  attr.wakeup_events = std::max(wakeup_records, 1U);
  return open_counting_losses(attr, {.pid = -1, .cpu = static_cast<int>(cpu)}, {.what = what, .paranoid = 0});
}

std::uint32_t type_of(std::span<const std::byte> record) {
  perf_event_header header{};
  std::memcpy(&header, record.data(), sizeof header);
  return header.type;
}

}  // namespace

BpfOutput::BpfOutput(unsigned cpu, std::size_t pages, std::uint32_t wakeup_records, std::string_view what)
    : BpfOutput(cpu, open_output(cpu, wakeup_records, what), pages, what) {}

BpfOutput::BpfOutput(unsigned cpu, std::pair<UniqueFd, bool> event, std::size_t pages, std::string_view what)
    : cpu_(cpu),
      event_(std::move(event.first)),
      counts_losses_(event.second),
      mapping_(event_.get(), pages, what),
      ring_(mapping_.ring()) {}

std::uint64_t BpfOutput::lost() const noexcept {
  struct Counts {
    std::uint64_t value;
    std::uint64_t lost;
  } counts{};
  if (counts_losses_ && ::read(event_.get(), &counts, sizeof counts) == static_cast<ssize_t>(sizeof counts))
    return std::max(lost_noted_, counts.lost);
  return lost_noted_;
}

// PERF_RECORD_LOST: the header, the event's id, how many.
std::optional<std::uint64_t> BpfOutput::lost_records(std::span<const std::byte> record) {
  std::uint64_t lost = 0;
  constexpr std::size_t kBefore = sizeof(perf_event_header) + sizeof(std::uint64_t);
  if (type_of(record) != PERF_RECORD_LOST || record.size() < kBefore + sizeof lost)
    return std::nullopt;
  std::memcpy(&lost, record.data() + kBefore, sizeof lost);
  return lost;
}

// PERF_RECORD_SAMPLE with PERF_SAMPLE_RAW: the header, a __u32 length, and the record with padding.
std::optional<std::span<const std::byte>> BpfOutput::raw_sample(std::span<const std::byte> record) {
  std::uint32_t size = 0;
  constexpr std::size_t kBefore = sizeof(perf_event_header) + sizeof size;
  if (type_of(record) != PERF_RECORD_SAMPLE || record.size() < kBefore)
    return std::nullopt;
  std::memcpy(&size, record.data() + sizeof(perf_event_header), sizeof size);
  if (size > record.size() - kBefore)
    return std::nullopt;
  return record.subspan(kBefore, size);
}

}  // namespace fathom::perf
