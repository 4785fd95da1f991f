#pragma once

#include <fathom/base/time.hpp>
#include <fathom/event/sched_events.hpp>

#include <cstdint>
#include <map>
#include <optional>

namespace fathom::detail {

/// Finds when a CPU was down, by the steps of its hotplug (kernel/cpu.c) that another CPU did meanwhile: the events
/// cpuhp_enter, cpuhp_multi_enter and cpuhp_exit, since Linux 4.6 (merge 710d60cbf1b3).
class HotplugSteps {
 public:
  /// A step begins.
  struct Enter {
    std::uint32_t cpu = 0;    ///< whose
    std::int32_t target = 0;  ///< where that CPU is to come: 0, and it is taken down
    std::int32_t step = 0;    ///< which one
  };
  /// A step ends.
  struct Exit {
    std::uint32_t cpu = 0;   ///< whose
    std::int32_t state = 0;  ///< where that CPU is now
    std::int32_t step = 0;   ///< which one
    std::int32_t ret = 0;    ///< not 0 where it failed
  };

  /// Recorded on this CPU at that time.
  void on(std::uint32_t recorded_on, Timestamp time, const Enter& enter);
  /// The same; when its CPU was down, if the step tells.
  [[nodiscard]] std::optional<CpuAbsence> on(std::uint32_t recorded_on, Timestamp time, const Exit& exit);

 private:
  struct Begun {
    Enter enter;
    Timestamp time{};
  };
  std::map<std::uint32_t, Begun> begun_;  // by the CPU that does it
};

}  // namespace fathom::detail
