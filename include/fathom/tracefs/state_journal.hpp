#pragma once

#include <fathom/base/error.hpp>
#include <fathom/tracefs/trace_files.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace fathom {

/// Somebody else of this library is at the top level of tracefs now. `code()` is EBUSY.
class BusyError : public Error {
 public:
  /// `pid` is 0 where the journal does not (yet) say.
  BusyError(int pid, std::string_view path);

  /// Who it is; 0 if unknown.
  [[nodiscard]] int pid() const noexcept { return pid_; }

 private:
  int pid_;
};

/// Where a journal is kept, and what it asks about processes.
struct StateJournalOptions {
  /// Made with mode 0700 if it is not there; must belong to the user and be writable by nobody else. Removed with the
  /// journal if nothing else is in it, whoever made it: the next journal makes it again.
  std::string directory = "/run/fathom";
  std::string proc = "/proc";
};

/// The memory of what the top level of tracefs was like, and the lock on it.
///
///     StateJournal journal{tracefs.files()};            // throws BusyError: "in use by pid 4711"
///     TraceArray top{journal.files(), ""};              // each first write to a file saves its old value before
///     top.set_current_tracer(Tracer::function);
///     journal.restore();                                // or the destructor, in silence
///
/// One process at a time holds the file `top-level.journal` with flock. Into it goes the old value of each setting
/// before the setting is written for the first time: when the process dies, SIGKILL included, the next StateJournal
/// finds the file unheld and puts the values back before it does anything else. Values of another boot are dropped. A
/// journal that is cut or damaged is believed up to the damage (each record carries a checksum); what comes after was
/// never acted upon.
///
/// Putting back goes the kernel's safe way round: tracing off, tracer nop, then filters and settings, newest first,
/// then the old tracer, then tracing_on; and it writes only what differs. The contents of the buffer are not part of
/// it. Of a buffer size that the kernel had not yet made use of (`7 (expanded: 1408)`) the expanded one is put back.
///
/// Move-only. Not safe to share between threads; the TraceFiles it hands out are. They must not be used after the
/// journal is gone. Needs root, and a place to write; throws Error where the directory is not safe to use or full.
class StateJournal {
 public:
  /// Takes the lock. Throws BusyError if a live process holds it, Error if the journal can't be written.
  explicit StateJournal(std::shared_ptr<TraceFiles> files, StateJournalOptions options = {});
  ~StateJournal();
  StateJournal(StateJournal&& other) noexcept;
  StateJournal& operator=(StateJournal&& other) noexcept;
  StateJournal(const StateJournal&) = delete;
  StateJournal& operator=(const StateJournal&) = delete;

  /// The tracefs, as the constructor got it, with each write to a setting of the top level journalled. Writes to
  /// instances and to files that are no settings (trace, trace_marker, error_log, dynamic_events) pass through.
  [[nodiscard]] const std::shared_ptr<TraceFiles>& files() const noexcept;
  /// Saves the value of a setting that something is about to change in another way; the second time it does nothing.
  void save(std::string_view path);
  /// Puts everything back and forgets it; the lock stays. Tries all even if one fails, then throws the first Error;
  /// what failed because somebody was in the way (EBUSY) stays in the journal.
  void restore();

  /// Puts back what an unheld journal says, if there is one. False if a live process holds it, whose business it is.
  static bool recover(const std::shared_ptr<TraceFiles>& files, const StateJournalOptions& options = {});

 private:
  struct Impl;

  std::unique_ptr<Impl> impl_;
};

}  // namespace fathom
