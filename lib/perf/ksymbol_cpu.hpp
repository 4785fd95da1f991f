#pragma once

#include "perf_mapping.hpp"

#include <fathom/base/unique_fd.hpp>
#include <fathom/perf/ksymbol_events.hpp>

#include <chrono>
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
  /// Whether the event still hears its CPU. A CPU that goes down takes the event off for good, and nothing but its
  /// time, which stands still, shows that (kernel/events/core.c, perf_event_exit_cpu_context).
  [[nodiscard]] bool alive();

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
  bool fine_clock_ = false;         // two reads in a row give different times
  std::uint64_t time_enabled_ = 0;
  std::chrono::steady_clock::time_point moved_;  // when it was last seen to grow
};

}  // namespace fathom::perf
