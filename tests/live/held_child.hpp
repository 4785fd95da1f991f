#pragma once

#include <functional>

namespace fathom::live {

/// A process of our own that does its work when it is told to: what a program is to see, and nobody else's doings.
class HeldChild {
 public:
  /// Starts it; it waits. The work's result is what run() gives.
  explicit HeldChild(const std::function<bool()>& work);
  ~HeldChild();
  HeldChild(const HeldChild&) = delete;
  HeldChild& operator=(const HeldChild&) = delete;

  [[nodiscard]] int pid() const noexcept { return pid_; }
  /// Tells it, and waits until it is done; whether its work returned true.
  [[nodiscard]] bool run();

 private:
  int pid_ = -1;
  int start_ = -1;
};

}  // namespace fathom::live
