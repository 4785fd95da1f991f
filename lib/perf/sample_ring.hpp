#pragma once

#include "perf_mapping.hpp"
#include "perf_ring.hpp"
#include "record_decoder.hpp"

#include <fathom/base/parse_stats.hpp>
#include <fathom/perf/perf_records.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace fathom::perf {

/// What the rings of a sampler are emptied into. The memory is kept from drain to drain.
struct SampleBuffer {
  std::vector<std::uint64_t> words;  // whole records, which the others are views of
  std::size_t used = 0;              // of the words
  std::vector<PerfEventRecord> records;
  std::vector<PerfLoss> losses;
};

/// One ring of a sampler, which one or several events write to.
class SampleRing {
 public:
  /// The ring of the event `fd`. `cpu` is the one that it belongs to. Throws Error.
  SampleRing(int fd, std::size_t pages, std::optional<unsigned> cpu, std::string_view what);

  /// Has `fd` write here as well, or as the first; its samples are those of event `index`. Throws Error.
  void add_event(int fd, std::uint64_t read_format, std::size_t index);

  /// Looks how much is there, for the next `drain`; in words.
  [[nodiscard]] std::size_t look();
  /// Decodes what `look` saw into `buffer`, of which so many words are free.
  void drain(const RecordLayout& layout, SampleBuffer& buffer, ParseStats& stats);

 private:
  struct Event {
    std::uint64_t id;  // the kernel's number of it
    int fd;
    std::uint64_t read_format;
    std::size_t index;
  };

  // Of an event that tells who it is; false if it is none of ours.
  [[nodiscard]] bool find_event(PerfSample& sample) const;
  // A record for the user, or a loss; whether it was understood.
  [[nodiscard]] bool take(const RecordLayout& layout, std::span<const std::uint64_t> record, SampleBuffer& buffer);
  [[nodiscard]] std::uint64_t lost_by_events() const;
  void tell_losses(bool may_be_more, SampleBuffer& buffer, ParseStats& stats);

  int first_;
  std::optional<unsigned> cpu_;
  PerfMapping mapping_;
  PerfRing ring_;
  std::vector<Event> events_;  // by id
  PerfRing::Position head_ = 0;
  LostRecords lost_told_;           // by records; of the hardware, since the last drain
  std::uint64_t lost_counted_ = 0;  // what went into buffers
};

}  // namespace fathom::perf
