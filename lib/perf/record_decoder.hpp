#pragma once

#include "ksymbol_record.hpp"

#include <fathom/perf/perf_records.hpp>

#include <cstdint>
#include <span>
#include <variant>

namespace fathom::perf {

/// PERF_RECORD_LOST_SAMPLES: how many samples the processor dropped.
struct LostSamplesRecord {
  std::uint64_t lost = 0;
};

/// What a record says; monostate if it is of another type or makes no sense.
using DecodedRecord = std::variant<std::monostate, PerfRecord, LostRecord, LostSamplesRecord>;

/// What the records of an event look like: its attributes.
struct RecordLayout {
  std::uint64_t sample_type = 0;  ///< PERF_SAMPLE_*, of those in kKnownSampleType
  std::uint64_t read_format = 0;  ///< PERF_FORMAT_*, of those in kKnownReadFormat
};

/// The parts of samples that are understood; after one of another kind nothing would be found in its place.
extern const std::uint64_t kKnownSampleType;
extern const std::uint64_t kKnownReadFormat;

/// Decodes a whole record, header included, of an event with sample_id_all and this layout. Pure; any words will do.
/// What it gives are views of the words.
[[nodiscard]] DecodedRecord decode_record(const RecordLayout& layout, std::span<const std::uint64_t> record);

}  // namespace fathom::perf
