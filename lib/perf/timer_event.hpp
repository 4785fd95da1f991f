#pragma once

#include "event_program.hpp"
#include "perf_mapping.hpp"
#include "tick_record.hpp"

#include <fathom/base/parse_stats.hpp>
#include <fathom/base/time.hpp>
#include <fathom/base/unique_fd.hpp>
#include <fathom/perf/perf_timer.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace fathom::perf {

/// The clock of all grids.
[[nodiscard]] Timestamp monotonic_now();

/// Slots of a grid.
struct Slots {
  std::uint64_t begun = 0;
  std::uint64_t over = 0;  ///< of these, that have ended: a tick that is late may still come in the others
};

/// The slots of a grid that is so old.
[[nodiscard]] Slots slots_in(Duration age, Duration period) noexcept;

/// The event of a timer on one CPU, or of one thread, and what hangs on it.
class TimerEvent {
 public:
  struct Place {
    std::optional<unsigned> cpu{};
    std::optional<int> tid{};  ///< on that CPU only, if both are given
    PerfFollow follow = PerfFollow::nobody;
  };

  /// Opens it, disabled. Throws Error; ENODEV if the CPU is not online.
  TimerEvent(const Place& place, Duration period, const PerfTimerOptions& options);
  /// Has it run the program.
  void run(const EventProgram& program);
  /// Has it write ticks into a ring. Throws Error.
  void map(std::size_t pages);

  [[nodiscard]] const Place& place() const noexcept { return place_; }
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] std::optional<std::uint32_t> link_id() const;
  [[nodiscard]] Timestamp start() const noexcept { return start_; }
  [[nodiscard]] bool has_ring() const noexcept { return ring_bytes_ != 0; }
  [[nodiscard]] std::size_t ring_bytes() const noexcept { return ring_bytes_; }

  void enable();
  void disable() noexcept;
  /// How far the grid is: of a CPU by the clock, up to the end; of a thread the time that it ran.
  [[nodiscard]] Duration age() const;
  /// How far it was when its CPU or thread left it.
  [[nodiscard]] Duration last_age() const;
  /// Whether it has been on its CPU since the last call: false for one that went down, even if it came back. Ask no
  /// oftener than the slowest clock of a kernel moves, which is 10 ms.
  [[nodiscard]] bool still_ticks();

  /// What a ring held.
  struct Drained {
    std::uint64_t lost = 0;
    bool throttled = false;
  };
  /// Adds the ticks to `ticks`.
  Drained drain(std::vector<PerfTick>& ticks, ParseStats& stats);

 private:
  // What read(2) gives, by our read_format.
  struct Counts {
    std::uint64_t value;
    std::uint64_t time_enabled;
    std::uint64_t time_running;
    std::uint64_t lost;
  };
  [[nodiscard]] std::optional<Counts> read_counts() const;

  Place place_;
  UniqueFd fd_;
  bool counts_losses_ = false;
  ProgramLink link_;  // after the event: ended before it
  PerfMapping mapping_;
  PerfRing ring_;
  std::size_t ring_bytes_ = 0;
  Timestamp start_{};
  std::optional<Timestamp> end_;
  std::uint64_t last_enabled_ = 0;  // what still_ticks() saw
  std::uint64_t lost_told_ = 0;     // by LOST records
  std::uint64_t lost_given_ = 0;
};

}  // namespace fathom::perf
