#pragma once

#include <fathom/base/unique_fd.hpp>

#include <chrono>
#include <optional>

namespace examples {

/// One descriptor that is readable when any of several is, or when a time has passed: for what waits for one only.
///
///     AnyReadable end;
///     end.add(child.pidfd());
///     end.add_timer(5s);
///     session.text({.until = end.native_handle()});
class AnyReadable {
 public:
  AnyReadable();

  /// Not owned; it must stay open. Negative: nothing.
  void add(int fd);
  /// Runs from now on. Once only.
  void add_timer(std::chrono::nanoseconds time);
  /// Whether that time has passed.
  bool timer_expired() const;
  int native_handle() const { return epoll_.get(); }

 private:
  fathom::UniqueFd epoll_;
  fathom::UniqueFd timer_;
};

}  // namespace examples
