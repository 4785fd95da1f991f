#pragma once

#include <fathom/tracefs/trace_array.hpp>

#include <memory>
#include <string>
#include <vector>

namespace fathom {

/// A private ring buffer with its own tracer, events and filters: a directory in `instances/` that lives as long as the
/// object.
///
///     TraceInstance instance{tracefs.files()};
///     if (instance.has_tracer(Tracer::function_graph)) ...      // Linux 6.11
///     instance.set_tracing_on(true);
///
/// Ask has() and has_tracer() for what this kernel lets an instance do: function_graph only since Linux 6.11, and on no
/// kernel set_graph_function, set_graph_notrace, max_graph_depth, tracing_thresh, saved_cmdlines, saved_tgids or the
/// definition of dynamic events (which can be enabled here once they are defined at the top level). trace_printk goes
/// to the top level.
///
/// Created under a unique name (see Owner); the destructor switches tracing off, sets the tracer nop and removes the
/// directory, for a second at most if somebody has one of its files open. What a killed process left is removed by
/// remove_stale_instances(). Move-only. Needs root.
class TraceInstance : public TraceArray {
 public:
  /// Makes it. `proc` tells this process's start time, which goes into the name.
  explicit TraceInstance(std::shared_ptr<TraceFiles> files, const std::string& proc = "/proc");
  ~TraceInstance();
  TraceInstance(TraceInstance&& other) noexcept;
  TraceInstance& operator=(TraceInstance&& other) noexcept;
  TraceInstance(const TraceInstance&) = delete;
  TraceInstance& operator=(const TraceInstance&) = delete;

  /// The directory's name below `instances/`.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// Removes it now; throws Error (EBUSY: somebody has one of its files open) where the destructor would be silent.
  void remove();

 private:
  struct Identity {
    std::string name;
  };
  TraceInstance(std::shared_ptr<TraceFiles> files, Identity identity);

  std::string name_;
  std::string top_level_size_;  // what buffer_size_kb of the top level said before
};

/// Removes the instances that killed processes left behind; gives the names of those removed. Those that refuse are
/// left for the next time.
std::vector<std::string> remove_stale_instances(const std::shared_ptr<TraceFiles>& files,
                                                const std::string& proc = "/proc");

}  // namespace fathom
