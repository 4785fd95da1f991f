#pragma once

#include "event_program.hpp"
#include "event_pulse.hpp"
#include "perf_mapping.hpp"
#include "read_counts.hpp"
#include "scope_places.hpp"
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

/// Slots of a grid.
struct Slots {
  std::uint64_t begun = 0;
  std::uint64_t over = 0;  ///< of these, that have ended: a tick that is late may still come in the others
};

/// The slots of a grid that is so old.
[[nodiscard]] Slots slots_in(Duration age, Duration period) noexcept;

/// The event of a timer at one place, and what hangs on it.
class TimerEvent {
 public:
  /// What a ring is for.
  enum class Ring : std::uint8_t {
    none,       ///< there is none
    ticks,      ///< tells of ticks, and wakes user space with each
    throttles,  ///< tells of throttles only, if the program returns 0, and wakes user space with each
  };

  /// Opens it, disabled, with a ring of so many pages. Throws Error; ENODEV if the CPU is not online.
  TimerEvent(const Place& place, Duration period, const PerfTimerOptions& options, Ring ring, std::size_t pages);
  /// Has it run the program.
  void run(const EventProgram& program);

  [[nodiscard]] const Place& place() const noexcept { return place_; }
  /// Whether its clock is that of the CPU, not the time that somebody has on it.
  [[nodiscard]] bool is_of_cpu() const noexcept { return !place_.tid && !place_.target.cgroup; }
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] std::optional<std::uint32_t> link_id() const;
  /// Since when the grid is this one.
  [[nodiscard]] Timestamp start() const noexcept { return start_; }
  [[nodiscard]] bool has_ring() const noexcept { return ring_bytes_ != 0; }
  [[nodiscard]] std::size_t ring_bytes() const noexcept { return ring_bytes_; }

  void enable();
  void disable() noexcept;
  /// Lets the kernel go on at once, if it throttles this event: with a new grid. For one on a CPU.
  void go_on();
  /// The slots up to now, or the end: of a CPU by the clock, else by the time that it ran.
  [[nodiscard]] Slots slots() const;
  /// The slots up to when what it watched left it.
  [[nodiscard]] Slots last_slots() const;
  /// Whether it is on its CPU: false for one that went down, even if it came back. See EventPulse.
  [[nodiscard]] bool still_ticks();
  /// Whether nothing more can come of it; of one without a ring that is not known. Takes away what poll(2) would tell
  /// of the ring.
  [[nodiscard]] bool hung_up() const;

  /// What a ring held.
  struct Drained {
    std::uint64_t lost = 0;
    bool throttled = false;  ///< it was, maybe not any more
    bool held_back = false;  ///< it is
  };
  /// Adds the ticks to `ticks`.
  Drained drain(std::vector<PerfTick>& ticks, ParseStats& stats);

 private:
  [[nodiscard]] std::optional<EventCounts> counts() const;

  // A grid that begins then; that before it ends.
  void begin_grid(Timestamp start);
  // The first, by what was done between these times and begins it.
  void begin_grid(Timestamp before, Timestamp after);

  Place place_;
  Duration period_;
  UniqueFd fd_;
  bool counts_losses_ = false;
  UniqueFd cpu_watch_;
  ProgramLink link_;  // after the event: ended before it
  PerfMapping mapping_;
  PerfRing ring_;
  std::size_t ring_bytes_ = 0;
  Timestamp start_{};
  std::optional<Timestamp> end_;
  std::uint64_t slots_before_ = 0;  // of grids before this one
  std::uint64_t time_before_ = 0;   // enabled, as long as these
  EventPulse pulse_;
  std::uint64_t lost_told_ = 0;  // by LOST records
  std::uint64_t lost_given_ = 0;
};

}  // namespace fathom::perf
