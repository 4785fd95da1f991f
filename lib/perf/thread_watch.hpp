#pragma once

#include "perf_mapping.hpp"

#include <fathom/base/unique_fd.hpp>

#include <string>

namespace fathom::perf {

/// Tells that a thread has ended: a dummy event of it, which counts nothing. Its descriptor hangs up then (POLLHUP),
/// which only an event with a ring does no earlier (kernel/events/core.c, perf_poll).
class ThreadWatch {
 public:
  /// Throws Error; ESRCH if there is no such thread.
  ThreadWatch(int tid, const std::string& proc);

  [[nodiscard]] int tid() const noexcept { return tid_; }
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

 private:
  int tid_;
  UniqueFd fd_;
  PerfMapping ring_;
};

}  // namespace fathom::perf
