#pragma once

#include "common/all_ended.hpp"
#include "common/any_readable.hpp"
#include "stacks_options.hpp"

#include <fathom/process/child.hpp>
#include <fathom/process/stop_signals.hpp>
#include <fathom/profile/profile.hpp>

#include <chrono>
#include <optional>

namespace stacks {

/// Who is watched, and until when: a command, which is held until it is told to run, a process, or the machine.
class Subject {
 public:
  explicit Subject(const Options& options);

  /// Empty for the machine.
  [[nodiscard]] std::optional<int> pid() const;
  /// Lets the command begin, and its time. Throws examples::CommandError.
  void begin();
  /// From its begin to its end, by a Profiler or an OffCpuProfiler.
  template <class Profiler>
  [[nodiscard]] fathom::Profile watch(Profiler& profiler) {
    begin();
    while (wait(profiler.native_handle()))
      profiler.drain();
    fathom::Profile profile = profiler.stop();
    end();
    return profile;
  }

 private:
  // Waits until `handle` is readable, a second has passed, or it is over; false when that is so.
  [[nodiscard]] bool wait(int handle);
  // Ends the command if it still runs.
  void end();

  fathom::StopSignals stop_;
  std::optional<fathom::Child> child_;
  std::optional<examples::AllEnded> process_;
  examples::AnyReadable over_;
  std::optional<std::chrono::nanoseconds> duration_;
  int pid_ = 0;
};

}  // namespace stacks
