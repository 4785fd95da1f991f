#pragma once

#include <fathom/perf/ksymbol_events.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>

namespace fathom::perf {

/// PERF_RECORD_LOST: how many records found no room since the last one that did.
struct LostRecord {
  std::uint64_t lost = 0;
};

/// What a record says; monostate if it is of another type or makes no sense.
using KsymbolRecord = std::variant<std::monostate, KsymbolEvent, LostRecord>;

/// Parses a whole record, header included, of an event with sample_id_all and a sample_type of exactly PERF_SAMPLE_TIME
/// and PERF_SAMPLE_CPU. Pure; any bytes will do.
[[nodiscard]] KsymbolRecord parse_ksymbol_record(std::span<const std::byte> record);

}  // namespace fathom::perf
