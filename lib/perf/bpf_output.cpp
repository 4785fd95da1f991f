#include "bpf_output.hpp"

#include "perf_event_open.hpp"

#include <linux/perf_event.h>

#include <algorithm>
#include <cstring>

namespace fathom::perf {

namespace {

UniqueFd open_output(unsigned cpu, std::uint32_t wakeup_records, std::string_view what) {
  perf_event_attr attr{};
  attr.size = sizeof attr;
  attr.type = PERF_TYPE_SOFTWARE;
  attr.config = PERF_COUNT_SW_BPF_OUTPUT;
  attr.sample_type = PERF_SAMPLE_RAW;
  attr.sample_period = 1;
  attr.wakeup_events = std::max(wakeup_records, 1U);
  return open_event(attr, {.pid = -1, .cpu = static_cast<int>(cpu)}, {.what = what, .paranoid = 0});
}

std::uint32_t type_of(std::span<const std::byte> record) {
  perf_event_header header{};
  std::memcpy(&header, record.data(), sizeof header);
  return header.type;
}

}  // namespace

BpfOutput::BpfOutput(unsigned cpu, std::size_t pages, std::uint32_t wakeup_records, std::string_view what)
    : cpu_(cpu),
      event_(open_output(cpu, wakeup_records, what)),
      mapping_(event_.get(), pages, what),
      ring_(mapping_.ring()) {}

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
