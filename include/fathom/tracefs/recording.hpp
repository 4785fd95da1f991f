#pragma once

#include <fathom/base/time.hpp>

#include <cstdint>
#include <vector>

namespace fathom {

/// What a Recorder took of one CPU, and what was lost there: the growth, since the start, of what the kernel counts in
/// `per_cpu/cpuN/stats`, by the kernel's names. `entries` is no growth, but what is there now.
struct RecordedCpu {
  unsigned cpu = 0;                  ///< which one
  std::uint64_t bytes = 0;           ///< of pages that were handed over
  std::uint64_t read_events = 0;     ///< on these pages, exactly
  std::uint64_t overrun = 0;         ///< lost: overwritten before they were read; the pages' marks say where
  std::uint64_t commit_overrun = 0;  ///< lost: nested writers filled the buffer within one event; no page tells of it
  std::uint64_t dropped_events = 0;  ///< lost: the buffer was full and `overwrite` off; no page tells of it
  std::uint64_t entries = 0;         ///< in the buffer, still to be read; 0 when it was stopped

  /// All that was lost.
  [[nodiscard]] std::uint64_t lost() const noexcept { return overrun + unmarked(); }
  /// What was lost of which the pages do not tell.
  [[nodiscard]] std::uint64_t unmarked() const noexcept { return commit_overrun + dropped_events; }

  friend bool operator==(const RecordedCpu&, const RecordedCpu&) = default;
};

/// What a Recorder did.
///
///     const Recording recording = recorder.stop(files);
///     std::cerr << recording.events() << " events, " << recording.lost() << " lost\n";
///
/// A plain value.
struct Recording {
  std::vector<RecordedCpu> cpus;  ///< ascending; those that recorded nothing too
  Duration duration{};            ///< from the start to the stop, or until now

  /// Of all CPUs.
  [[nodiscard]] std::uint64_t bytes() const noexcept { return sum(&RecordedCpu::bytes); }
  /// Of all CPUs.
  [[nodiscard]] std::uint64_t events() const noexcept { return sum(&RecordedCpu::read_events); }
  /// Of all CPUs: those that wait in the buffers. While it goes on, events() and these are what was recorded so far.
  [[nodiscard]] std::uint64_t entries() const noexcept { return sum(&RecordedCpu::entries); }
  /// Of all CPUs, for whatever reason.
  [[nodiscard]] std::uint64_t lost() const noexcept {
    return sum(&RecordedCpu::overrun) + sum(&RecordedCpu::commit_overrun) + sum(&RecordedCpu::dropped_events);
  }

  friend bool operator==(const Recording&, const Recording&) = default;

 private:
  [[nodiscard]] std::uint64_t sum(std::uint64_t RecordedCpu::* count) const noexcept {
    std::uint64_t total = 0;
    for (const RecordedCpu& cpu : cpus)
      total += cpu.*count;
    return total;
  }
};

}  // namespace fathom
