#pragma once

#include <fathom/tracefs/session_options.hpp>
#include <fathom/tracefs/state_journal.hpp>
#include <fathom/tracefs/trace_array.hpp>
#include <fathom/tracefs/trace_text.hpp>

#include <memory>
#include <string>

namespace fathom {

/// Set the tracer, set its parameters, switch on, read: and put everything back.
///
///     auto session = tracefs.session({.tracer = Tracer::function_graph, .pids = {child.pid()}, .follow_forks = true});
///     session.start();
///     child.resume();
///     for (std::string_view chunk : session.text({.until = child.pidfd()})) parser.feed(chunk, forest);
///     session.stop();
///
/// The constructor sets everything and leaves tracing off. It works in an instance of its own where the kernel can do
/// there all that the options ask for, else at the top level, which it then holds through a StateJournal: a second one
/// gets BusyError, having waited half a second. Up to Linux 6.17 a funcgraph option set in an instance is set for the
/// whole system; then an instance session holds the journal too. Before it changes anything it puts back what killed
/// sessions left behind; where that fails, a session that needs the journal throws, and another goes on.
///
/// The destructor, also when an exception passes, switches tracing off, closes the pipe, sets nop, then takes back
/// filters and settings: every setting reads as before. What was in the top level's buffer is gone. It says nothing if
/// that fails; close() throws.
///
/// Move-only. One thread uses it; stop() may be called from another while text() is being read. On a session that was
/// closed or moved from, array(), start(), stop() and text() throw Error with EBADF, and close() does nothing;
/// in_instance() and why_top_level() still answer when it was closed, and must not be asked when it was moved from.
/// Needs root.
class TraceSession {
 public:
  /// Sets everything; for TraceFs::session().
  TraceSession(const std::shared_ptr<TraceFiles>& files, const SessionOptions& options,
               const StateJournalOptions& journal = {});
  ~TraceSession();
  TraceSession(TraceSession&& other) noexcept;
  TraceSession& operator=(TraceSession&& other) noexcept;
  TraceSession(const TraceSession&) = delete;
  TraceSession& operator=(const TraceSession&) = delete;

  /// The buffer it works in; what is changed through it is put back too. Valid until the session is closed.
  [[nodiscard]] TraceArray& array();
  [[nodiscard]] bool in_instance() const noexcept;
  /// Why it is not in an instance: "max_graph_depth is not in an instance"; empty if it is.
  [[nodiscard]] const std::string& why_top_level() const noexcept;

  /// Switches tracing on.
  void start();
  /// Switches tracing off, which ends text(); what was recorded can still be read.
  void stop();
  /// The trace as text, as it comes; see TraceText. One at a time.
  [[nodiscard]] TraceText text(TextOptions options = {});
  /// Puts everything back now. Throws the first Error, having tried everything (EBUSY: somebody reads the trace_pipe, a
  /// TraceText of this session perhaps); what failed is kept, and tried again by the next call and by the destructor.
  void close();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fathom
