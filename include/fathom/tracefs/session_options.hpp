#pragma once

#include <fathom/base/cpu_set.hpp>
#include <fathom/base/trace_clock.hpp>
#include <fathom/tracefs/tracer.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace fathom {

/// Which buffer a TraceSession works in.
enum class SessionPlace : std::uint8_t {
  automatic,  ///< an instance if the kernel can do there all that is asked for, else the top level
  instance,   ///< an instance, or UnsupportedError
  top_level,  ///< the top level
};

/// What to trace. What is left out keeps the kernel's default in an instance, and the value that is set at the top
/// level; but filters of functions and tasks that are left empty are empty in a session, whatever they were before.
/// Function commands that somebody set (`schedule:traceoff`) stay in force.
struct SessionOptions {
  Tracer tracer = Tracer::nop;  ///< by which to trace
  /// Threads to trace; none means all.
  std::vector<int> pids{};
  /// The children of `pids` too, from the moment that they are forked.
  bool follow_forks = false;
  /// set_ftrace_filter: only these functions are recorded. Patterns as for FunctionFilter.
  std::vector<std::string> functions{};
  /// set_ftrace_notrace: these are not.
  std::vector<std::string> notrace{};
  /// set_graph_function: only these and what they call. Top level only.
  std::vector<std::string> graph_functions{};
  /// set_graph_notrace: not these nor what they call. Top level only.
  std::vector<std::string> graph_notrace{};
  /// max_graph_depth: how deep to follow calls. Top level only.
  std::optional<unsigned> max_depth{};
  /// Only calls, or latencies, that took longer. Top level only.
  std::optional<std::chrono::microseconds> tracing_thresh{};
  /// Switches by name: `{{"funcgraph-tail", true}}`. With function_graph, `funcgraph-abstime` and `funcgraph-proc` are
  /// switched on unless this says otherwise, so that the text tells times and tasks.
  std::map<std::string, bool, std::less<>> options{};
  /// For each CPU.
  std::optional<std::uint64_t> buffer_size_kb{};
  std::optional<TraceClock> clock{};
  /// tracing_cpumask: the CPUs to trace.
  std::optional<CpuSet> cpus{};
  SessionPlace place = SessionPlace::automatic;
};

}  // namespace fathom
