#pragma once

#include <fathom/base/cpu_set.hpp>
#include <fathom/base/trace_clock.hpp>
#include <fathom/tracefs/error_log.hpp>
#include <fathom/tracefs/function_filter.hpp>
#include <fathom/tracefs/pid_filter.hpp>
#include <fathom/tracefs/ring_buffer_stats.hpp>
#include <fathom/tracefs/snapshot.hpp>
#include <fathom/tracefs/trace_files.hpp>
#include <fathom/tracefs/trace_option.hpp>
#include <fathom/tracefs/tracer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {

/// The clocks that a trace can be stamped with, as the file `trace_clock` lists them.
struct TraceClockChoice {
  std::string current;                 ///< the one in use
  std::vector<std::string> available;  ///< all of this kernel
};

/// One ring buffer with the files that steer it: the top level of tracefs (TraceFs) or an instance (TraceInstance). The
/// name is the kernel's, `struct trace_array`.
///
///     array.ftrace_pids().set({pid});
///     array.set_current_tracer(Tracer::function);
///     array.set_tracing_on(true);
///     std::string text = array.read_trace();
///     array.clear();
///
/// The setters write what they are told and remember nothing. What is set at the top level stays until somebody sets it
/// back; TraceSession and StateJournal do that by themselves. A file that this kernel, or an instance on it, does not
/// have gives UnsupportedError where it is a feature that comes and goes, else Error with ENOENT.
///
/// A handle: it holds the TraceFiles and a prefix, and is safe to use from several threads as far as the kernel is.
/// Needs root, or the group that tracefs was mounted for.
class TraceArray {
 public:
  /// `prefix` is empty for the top level, or `instances/NAME/`.
  TraceArray(std::shared_ptr<TraceFiles> files, std::string prefix);

  /// What it reads and writes through.
  [[nodiscard]] const std::shared_ptr<TraceFiles>& files() const noexcept { return files_; }
  /// "" or "instances/NAME/".
  [[nodiscard]] const std::string& prefix() const noexcept { return prefix_; }
  [[nodiscard]] bool is_top_level() const noexcept { return prefix_.empty(); }
  /// The path of one of its files relative to the root, as TraceFiles wants it.
  [[nodiscard]] std::string path(std::string_view name) const { return prefix_ + std::string(name); }
  /// Whether it has such a file: the kernel's own answer to what an instance can have.
  [[nodiscard]] bool has(std::string_view name) const { return files_->exists(path(name)); }

  // Tracers: available_tracers, current_tracer.

  /// The tracers that can be set here, and the one that is.
  [[nodiscard]] std::vector<Tracer> available_tracers() const;
  [[nodiscard]] bool has_tracer(const Tracer& tracer) const;
  [[nodiscard]] Tracer current_tracer() const;
  /// Throws UnsupportedError, which lists the tracers there are; Error with EBUSY while a trace_pipe of this buffer is
  /// open, or where another buffer runs a tracer that exists only once, which is then named. Empties the buffer.
  void set_current_tracer(const Tracer& tracer);

  // Options: trace_options, options/.

  /// All of them, those of the current tracer included, by name.
  [[nodiscard]] std::vector<TraceOption> options() const;
  /// Empty where the kernel has no such option.
  [[nodiscard]] std::optional<bool> option(std::string_view name) const;
  [[nodiscard]] std::optional<bool> option(FuncgraphOption option) const { return this->option(to_string(option)); }
  /// Throws UnsupportedError where the kernel has no such option. Up to Linux 6.17 the options of a tracer (not those
  /// of the buffer) are one for the whole system: to set one in an instance sets it at the top level too.
  void set_option(std::string_view name, bool on);
  void set_option(FuncgraphOption option, bool on) { set_option(to_string(option), on); }

  // Filters.

  /// The files set_ftrace_filter and set_ftrace_notrace: which functions are recorded.
  [[nodiscard]] FunctionFilter ftrace_filter() const { return {files_, path("set_ftrace_filter")}; }
  [[nodiscard]] FunctionFilter ftrace_notrace() const { return {files_, path("set_ftrace_notrace")}; }
  /// Tasks for the function tracers; with the option `function-fork`, their children too.
  [[nodiscard]] PidFilter ftrace_pids() const { return {files_, path("set_ftrace_pid")}; }
  /// Tasks that are left out (Linux 5.7).
  [[nodiscard]] PidFilter ftrace_notrace_pids() const { return {files_, path("set_ftrace_notrace_pid")}; }
  /// Tasks for events; with the option `event-fork`, their children too.
  [[nodiscard]] PidFilter event_pids() const { return {files_, path("set_event_pid")}; }
  /// Tasks that are left out (Linux 5.7).
  [[nodiscard]] PidFilter event_notrace_pids() const { return {files_, path("set_event_notrace_pid")}; }
  /// The CPUs that are traced: tracing_cpumask.
  [[nodiscard]] CpuSet cpumask() const;
  void set_cpumask(const CpuSet& cpus);

  // The buffer.

  /// Size of each CPU's buffer; empty where they differ. Before anything was traced the kernel keeps a tiny buffer, and
  /// this is the size that it will have.
  [[nodiscard]] std::optional<std::uint64_t> buffer_size_kb() const;
  [[nodiscard]] std::uint64_t buffer_size_kb(unsigned cpu) const;
  [[nodiscard]] std::uint64_t buffer_total_size_kb() const;
  /// For every CPU. The kernel rounds up to whole pages.
  void set_buffer_size_kb(std::uint64_t kb);
  void set_buffer_size_kb(unsigned cpu, std::uint64_t kb);
  [[nodiscard]] TraceClockChoice trace_clocks() const;
  /// Empty for a clock that this library has no name for (such as PowerPC's).
  [[nodiscard]] std::optional<TraceClock> trace_clock() const;
  /// Empties the buffer. Throws UnsupportedError, which lists the clocks there are.
  void set_trace_clock(TraceClock clock);
  void set_trace_clock(std::string_view name);
  /// Throws Error if there is no such CPU.
  [[nodiscard]] RingBufferStats stats(unsigned cpu) const;
  /// The CPUs that have a buffer, from per_cpu/.
  [[nodiscard]] CpuSet cpus() const;
  /// Empties the buffer of every CPU, whatever the tracer.
  void clear();
  [[nodiscard]] Snapshot snapshot() const { return {files_, path("snapshot")}; }

  // Switch, marks, reading.

  /// Whether records are written; switching this off keeps what there is.
  [[nodiscard]] bool tracing_on() const;
  void set_tracing_on(bool on);
  /// Writes a line into the trace: trace_marker. The kernel cuts a text that is longer than it takes (about 1 KiB on
  /// older kernels).
  void write_marker(std::string_view text);
  /// Writes a number and bytes: trace_marker_raw.
  void write_raw_marker(std::uint32_t id, std::span<const std::byte> data);
  /// The longest latency that a latency tracer saw, in whole microseconds; UnsupportedError where no such tracer is
  /// built in.
  [[nodiscard]] std::chrono::microseconds tracing_max_latency() const;
  void set_tracing_max_latency(std::chrono::microseconds value);
  /// The whole buffer as text, left in place.
  [[nodiscard]] std::string read_trace() const;
  /// The same, piece by piece. While it is open, the kernel stops recording if the option pause-on-trace is set.
  [[nodiscard]] std::unique_ptr<TraceStream> open_trace() const;
  /// The buffer as text, taken out as it is read; never blocks.
  [[nodiscard]] std::unique_ptr<TraceStream> open_trace_pipe() const;

  // What the kernel says about mistakes.

  /// Oldest first; none on a kernel before 5.2.
  [[nodiscard]] std::vector<ErrorLogEntry> error_log() const;
  void clear_error_log();

 protected:
  /// The file's text; UnsupportedError if there is no such file.
  [[nodiscard]] std::string read_feature(std::string_view name) const;
  void write_feature(std::string_view name, std::string_view text);

 private:
  std::shared_ptr<TraceFiles> files_;
  std::string prefix_;
};

}  // namespace fathom
