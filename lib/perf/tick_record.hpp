#pragma once

#include <fathom/perf/timer_batch.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>

namespace fathom::perf {

/// PERF_RECORD_LOST: how many records found no room since the last one that did.
struct TicksLost {
  std::uint64_t lost = 0;
};
/// PERF_RECORD_THROTTLE.
struct TicksThrottled {};
/// PERF_RECORD_UNTHROTTLE: the next tick is a period after it.
struct TicksGoOn {
  Timestamp time{};
};

/// What a record says; monostate if it is of another type or makes no sense.
using TickRecord = std::variant<std::monostate, PerfTick, TicksLost, TicksThrottled, TicksGoOn>;

/// Parses a whole record, header included, of an event without sample_id_all and with a sample_type of exactly
/// PERF_SAMPLE_TID, PERF_SAMPLE_TIME and PERF_SAMPLE_CPU. Pure; any bytes will do.
[[nodiscard]] TickRecord parse_tick_record(std::span<const std::byte> record);

}  // namespace fathom::perf
