#pragma once

#include <fathom/tracefs/trace_files.hpp>

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {

/// One of the files that choose functions: `set_ftrace_filter`, `set_ftrace_notrace`, `set_graph_function`,
/// `set_graph_notrace`.
///
///     FunctionFilter filter = tracefs.ftrace_filter();
///     filter.set({"vfs_*", "*:mod:ext4"});         // the old ones are forgotten
///     filter.add("schedule:traceoff:3");           // a function command, in set_ftrace_filter only
///     filter.remove("vfs_write");
///     filter.clear();
///
/// Patterns are the kernel's: a name, a glob (`vfs_*`, `*lock*`, `vfs_re?d`), `PATTERN:mod:MODULE`; a trailing
/// `:COMMAND[:COUNT]` makes a function command. Each is written by itself. One that matches no function is refused by
/// the kernel without a word in error_log, so the Error names the pattern and the nearest functions of
/// `available_filter_functions`. A filter while a function tracer runs costs a rewrite of kernel code with each change:
/// set the filter first, then the tracer; and never clear a filter of pids under a live tracer.
///
/// A handle on a file: cheap to copy, valid as long as its tracefs is mounted. Safe to use from several threads as far
/// as the kernel is. Needs root; a locked-down kernel refuses even to open these files (EPERM).
class FunctionFilter {
 public:
  /// `path` is relative to the root of `files`: `set_ftrace_filter`, `instances/x/set_ftrace_notrace`.
  FunctionFilter(std::shared_ptr<TraceFiles> files, std::string path);

  /// The file, from the tracefs root on.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// What is set: functions as the kernel knows them (a glob is long expanded), patterns that wait for a module, then
  /// function commands, which the kernel does not show while a pattern waits; nothing if the filter is empty.
  [[nodiscard]] std::vector<std::string> list() const;
  /// Forgets the functions that were set, and sets these. Function commands stay; see clear().
  void set(std::span<const std::string> patterns);
  void set(std::initializer_list<std::string> patterns) { set(std::span(patterns.begin(), patterns.size())); }
  /// Adds one.
  void add(std::string_view pattern);
  /// Takes one away: a pattern, or a function command as list() gives it.
  void remove(std::string_view pattern);
  /// Forgets everything, function commands too.
  void clear();
  /// Makes list() give `entries` (which came from it) again, with as few writes as it takes.
  void restore(std::span<const std::string> entries);

 private:
  void restore_functions(const std::vector<std::string>& functions);
  void write(std::span<const std::string> patterns, WriteMode mode);

  std::shared_ptr<TraceFiles> files_;
  std::string path_;
};

/// The text of a filter file, without the `#### ... ####` line that stands for "empty".
[[nodiscard]] std::vector<std::string> parse_function_filter(std::string_view text);

/// The names in `available` (the text of `available_filter_functions`) that are most like `pattern`, best first, at
/// most `count`; none if nothing is near.
[[nodiscard]] std::vector<std::string> nearest_functions(std::string_view pattern, std::string_view available,
                                                         std::size_t count = 3);

}  // namespace fathom
