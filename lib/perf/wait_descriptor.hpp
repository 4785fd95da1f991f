#pragma once

#include <fathom/base/time.hpp>
#include <fathom/base/unique_fd.hpp>

namespace fathom::perf {

/// What the user of several events waits for: readable when one of the descriptors in it is, or when it is time to look
/// again.
class WaitDescriptor {
 public:
  /// Throws Error (EMFILE).
  WaitDescriptor();

  [[nodiscard]] int native_handle() const noexcept { return epoll_.get(); }
  /// Waits until it is readable, so long at most; false if the time was over, or a signal came. Throws Error.
  [[nodiscard]] bool wait(Duration timeout) const;
  /// Throws Error.
  void add(int fd) const;
  /// Before it is closed: a forked child may have it open still, and then it would stay.
  void remove(int fd) const noexcept;
  /// Readable from then on, until another time is set.
  void look_at(Timestamp when) const noexcept;
  /// No time is set.
  void look_never() const noexcept;

 private:
  UniqueFd epoll_;
  UniqueFd clock_;
};

}  // namespace fathom::perf
