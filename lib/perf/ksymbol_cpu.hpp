#pragma once

#include "perf_mapping.hpp"

#include <fathom/base/unique_fd.hpp>
#include <fathom/perf/ksymbol_events.hpp>

#include <cstdint>
#include <optional>

namespace fathom::perf {

/// The dummy event of one CPU, with its ring.
class KsymbolCpu {
 public:
  /// Throws as KsymbolEvents does; Error with ENODEV if the CPU is not online.
  KsymbolCpu(unsigned cpu, const KsymbolOptions& options);

  [[nodiscard]] unsigned cpu() const noexcept { return cpu_; }
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// Adds what came to `batch`.
  void drain(KsymbolBatch& batch, ParseStats& stats);
  /// How long the event has listened to its CPU, in nanoseconds; absent where it surely does not any more. A CPU that
  /// goes down takes the event off for good, and mostly nothing but this time, which stands still, shows it
  /// (kernel/events/core.c, perf_event_exit_cpu_context).
  [[nodiscard]] std::optional<std::uint64_t> time_enabled() const;

 private:
  // What read(2) gives, by our read_format.
  struct Counts {
    std::uint64_t value;
    std::uint64_t time_enabled;
    std::uint64_t lost;
  };

  [[nodiscard]] std::optional<Counts> read_counts() const;

  unsigned cpu_;
  UniqueFd fd_;
  PerfMapping mapping_;
  PerfRing ring_;
  bool counts_losses_ = true;       // read(2) tells the losses
  std::uint64_t lost_told_ = 0;     // by LOST records
  std::uint64_t lost_counted_ = 0;  // what went into batches
};

}  // namespace fathom::perf
