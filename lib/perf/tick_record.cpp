#include "tick_record.hpp"

#include <linux/perf_event.h>

#include <cstring>
#include <optional>

namespace fathom::perf {

namespace {

// What follows the header in each type of record: linux/perf_event.h, enum perf_event_type.
struct SampleBody {
  std::uint32_t pid;
  std::uint32_t tid;
  std::uint64_t time;
  std::uint32_t cpu;
  std::uint32_t reserved;
};
struct ThrottleBody {
  std::uint64_t time;
  std::uint64_t id;
  std::uint64_t stream_id;
};
struct LostBody {
  std::uint64_t id;
  std::uint64_t lost;
};

// All that is left, if it has the size of T.
template <class T>
std::optional<T> whole(std::span<const std::byte> bytes) {
  T value{};
  if (bytes.size() != sizeof value)
    return std::nullopt;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

}  // namespace

TickRecord parse_tick_record(std::span<const std::byte> record) {
  if (record.size() < sizeof(perf_event_header))
    return {};
  const auto header = *whole<perf_event_header>(record.first(sizeof(perf_event_header)));
  const auto rest = record.subspan(sizeof header);
  switch (header.type) {
    case PERF_RECORD_SAMPLE:
      if (const auto body = whole<SampleBody>(rest))
        return PerfTick{.time = {body->time},
                        .cpu = body->cpu,
                        .pid = static_cast<int>(body->pid),
                        .tid = static_cast<int>(body->tid)};
      return {};
    case PERF_RECORD_LOST:
      if (const auto body = whole<LostBody>(rest))
        return TicksLost{body->lost};
      return {};
    case PERF_RECORD_THROTTLE:
      if (whole<ThrottleBody>(rest))
        return TicksThrottled{};
      return {};
    case PERF_RECORD_UNTHROTTLE:
      if (const auto body = whole<ThrottleBody>(rest))
        return TicksGoOn{{body->time}};
      return {};
    default:
      return {};
  }
}

}  // namespace fathom::perf
