#pragma once

#include <fathom/perf/perf_records.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace fathom::perf {

/// How many records the kernel says that it, or the processor, lost.
struct LostRecords {
  std::uint64_t ring_full = 0;  ///< PERF_RECORD_LOST: since the last one that found room
  std::uint64_t hardware = 0;   ///< PERF_RECORD_LOST_SAMPLES
};

/// What became of a record.
enum class Decoded : std::uint8_t {
  nothing,  ///< it is of another type, or makes no sense
  record,   ///< it was one for the user
  loss,     ///< it told a loss
};

/// What the records of an event look like: its attributes.
struct RecordLayout {
  std::uint64_t sample_type = 0;  ///< PERF_SAMPLE_*, of those in kKnownSampleType
  std::uint64_t read_format = 0;  ///< PERF_FORMAT_*, of those in kKnownReadFormat
};

/// The parts of samples that are understood; after one of another kind nothing would be found in its place.
extern const std::uint64_t kKnownSampleType;
extern const std::uint64_t kKnownReadFormat;

/// Decodes a whole record, header included, of an event with sample_id_all and this layout: appends one to `told`, or
/// adds to `lost`, or does neither. Pure; any words will do. What it tells are views of the words.
[[nodiscard]] Decoded decode_record(const RecordLayout& layout, std::span<const std::uint64_t> record,
                                    std::vector<PerfEventRecord>& told, LostRecords& lost);

}  // namespace fathom::perf
