#pragma once

#include <fathom/base/unique_fd.hpp>

#include <optional>
#include <vector>

namespace fathom {

/// Turns SIGINT, SIGTERM and SIGHUP into something that a loop can wait for, so that a program ends by unwinding and
/// everything it changed is put back.
///
///     StopSignals stop;                       // first thing in main(), before any thread
///     while (!stop.received()) {
///       poll({source, stop.native_handle()});
///       ...
///     }
///
/// Blocks the signals for the calling thread (threads started later inherit that) and reads them from a signalfd. A
/// signal that was ignored when the object was made stays ignored, as nohup wants it. The destructor, to be run by the
/// same thread, unblocks what was not blocked before: if a signal came that nobody asked for with `received`, it does
/// then what it would have done at first. Installs no handler; a Child does not inherit the mask.
///
/// Not safe to share between threads without a lock. Touches no file and needs no rights.
class StopSignals {
 public:
  /// Throws Error (EMFILE: too many descriptors).
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// The signalfd, owned here and never one of the standard descriptors: readable while a signal waits for `received`.
  [[nodiscard]] int native_handle() const noexcept { return fd_.get(); }
  /// The first signal that came, from then on in every call; empty as long as none has. Never blocks.
  [[nodiscard]] std::optional<int> received();

 private:
  UniqueFd fd_;
  std::vector<int> blocked_here_;
  std::optional<int> first_;
};

}  // namespace fathom
