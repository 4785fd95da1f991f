#pragma once

#include <fathom/tracefs/saved_cmdlines.hpp>
#include <fathom/tracefs/state_journal.hpp>
#include <fathom/tracefs/trace_array.hpp>
#include <fathom/tracefs/trace_instance.hpp>
#include <fathom/tracefs/trace_session.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace fathom {

/// Where things are that TraceFs needs; each path is for tests and for other people's machines.
struct TraceFsOptions {
  /// The tracefs; empty: found by way of `mountinfo`.
  std::string root{};
  std::string mountinfo = "/proc/self/mountinfo";
  StateJournalOptions journal{};
};

/// The kernel's tracing files: the top level of tracefs, and the way to everything below it.
///
///     fathom::TraceFs tracefs;                                  // finds the mount; throws with path and hint
///     for (const Tracer& tracer : tracefs.available_tracers()) std::cout << tracer.name() << '\n';
///     auto session = tracefs.session({.tracer = Tracer::function_graph, .functions = {"vfs_*"}});
///     auto instance = tracefs.instance();                       // a private ring buffer
///
/// What TraceArray can do, this can do at the top level; here are also the files that exist only there. Setters write
/// at once and are not taken back: for that, use a session, or the files() of a StateJournal.
///
/// A handle, cheap to copy, safe to use from several threads as far as the kernel is. Needs root, or the group that
/// tracefs was mounted for (`mount -o gid=`).
class TraceFs : public TraceArray {
 public:
  /// Throws Error if there is no tracefs, if `root` is none, or if there are no rights to look into it.
  explicit TraceFs(const TraceFsOptions& options = {});
  /// The same over any TraceFiles: a copied tree, another machine.
  explicit TraceFs(std::shared_ptr<TraceFiles> files, StateJournalOptions journal = {});
  /// Mounts tracefs at `path` unless it is mounted somewhere already. It stays mounted. Needs CAP_SYS_ADMIN.
  [[nodiscard]] static TraceFs mount(const std::string& path = "/sys/kernel/tracing");

  /// Only these functions and what they call: set_graph_function.
  [[nodiscard]] FunctionFilter graph_function() const { return {files(), path("set_graph_function")}; }
  /// Not these nor what they call: set_graph_notrace.
  [[nodiscard]] FunctionFilter graph_notrace() const { return {files(), path("set_graph_notrace")}; }
  /// What the function filters can name, without the module: available_filter_functions. Some 40,000.
  [[nodiscard]] std::vector<std::string> available_filter_functions() const;
  /// How deep function_graph follows calls; 0 for no limit.
  [[nodiscard]] unsigned max_graph_depth() const;
  void set_max_graph_depth(unsigned depth);
  /// Calls and latencies below it are not recorded; 0 for all.
  [[nodiscard]] std::chrono::microseconds tracing_thresh() const;
  void set_tracing_thresh(std::chrono::microseconds threshold);

  /// What the kernel remembers of the tasks that it recorded.
  [[nodiscard]] std::vector<SavedCmdline> saved_cmdlines() const;
  [[nodiscard]] std::vector<SavedTgid> saved_tgids() const;
  /// How many names the kernel keeps.
  [[nodiscard]] std::size_t saved_cmdlines_size() const;
  void set_saved_cmdlines_size(std::size_t size);

  /// The names of all instances, anybody's.
  [[nodiscard]] std::vector<std::string> instances() const;
  /// Makes a new private one.
  [[nodiscard]] TraceInstance instance() const;
  /// Traces; see TraceSession.
  [[nodiscard]] TraceSession session(const SessionOptions& options) const;
  /// Puts back and removes what killed processes of this library left behind; sessions do it by themselves. False if a
  /// live session holds the top level, whose settings are then left alone.
  bool recover() const;

 private:
  StateJournalOptions journal_;
};

}  // namespace fathom
