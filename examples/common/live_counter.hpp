#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace examples {

/// A line on standard error that says how far a recording has come. Shown only on a terminal, and only once the
/// recording has gone on for half a second, so that short ones leave no trace; cleared at the end.
///
///     LiveCounter counter(true);
///     while (...) counter.update([&] { return fmt::format("{} calls", calls); });
class LiveCounter {
 public:
  explicit LiveCounter(bool enabled);
  ~LiveCounter() { clear(); }
  LiveCounter(const LiveCounter&) = delete;
  LiveCounter& operator=(const LiveCounter&) = delete;

  /// Asks for the text and shows it, if the last time was long enough ago.
  void update(const std::function<std::string()>& text);
  void clear();

 private:
  bool enabled_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace examples
