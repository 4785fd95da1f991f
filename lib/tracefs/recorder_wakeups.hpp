#pragma once

#include <fathom/base/unique_fd.hpp>

#include <chrono>
#include <cstddef>
#include <vector>

namespace fathom::tracefs {

/// What wakes a Recorder: pipes that have become full enough, and a timer. One descriptor for all of it.
class RecorderWakeups {
 public:
  /// So many ticks a pipe that is known to wake us is left alone.
  static constexpr int kPatience = 5;

  /// Throws Error.
  explicit RecorderWakeups(std::chrono::milliseconds tick);

  /// Wakes at a pipe too, the first one having the number 0, once: until it is asked for again. Negative: a pipe that
  /// has no descriptor. Throws Error.
  void add(int pipe);
  /// Forgets the wake-ups there were; true if the timer was among them.
  bool clear() noexcept;
  /// Asks for the next wake-up by a pipe, if it has given one and `gave`: if there was something to read in it. One
  /// that wakes for nothing, as some kernels' do for a page that is not full, must wait for the timer.
  void again(std::size_t number, bool gave) noexcept;
  /// Whether to leave a pipe alone this time: one that has not woken us, but did before, so that it will when it is
  /// full enough. Not for long, though: wake-ups have been known to get lost.
  [[nodiscard]] bool can_wait(std::size_t number) noexcept;
  /// Wakes again at once, as there is more to do.
  void repeat() noexcept { arm(std::chrono::nanoseconds{1}); }

  [[nodiscard]] int all() const noexcept { return all_.get(); }
  [[nodiscard]] int timer() const noexcept { return timer_.get(); }

 private:
  void arm(std::chrono::nanoseconds first) noexcept;

  struct Pipe {
    int descriptor;
    bool armed;
    bool has_woken = false;
    int ticks_waited = 0;
  };

  std::chrono::nanoseconds tick_;
  bool ticked_ = false;
  std::vector<Pipe> pipes_;
  UniqueFd all_;
  UniqueFd timer_;
};

}  // namespace fathom::tracefs
