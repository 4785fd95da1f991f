#pragma once

#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {

class TraceFiles;

/// One of the files that choose tasks: `set_ftrace_pid`, `set_ftrace_notrace_pid`, `set_event_pid`,
/// `set_event_notrace_pid`.
///
///     tracefs.set_option("function-fork", true);      // children of these tasks too; event-fork for events
///     tracefs.ftrace_pids().set({child.pid()});
///
/// The kernel takes the numbers of threads, in the initial pid namespace, dead or alive, and forgets one when it ends
/// only with the option function-fork or event-fork. An empty filter means every task: set the tracer to nop before
/// you clear one. A handle, as FunctionFilter is; needs root.
class PidFilter {
 public:
  /// `path` is relative to the root of `files`.
  PidFilter(std::shared_ptr<TraceFiles> files, std::string path);

  /// The file, from the tracefs root on.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// Ascending; empty if the filter is.
  [[nodiscard]] std::vector<int> list() const;
  /// Forgets the old ones and sets these.
  void set(std::span<const int> pids);
  void set(std::initializer_list<int> pids) { set(std::span(pids.begin(), pids.size())); }
  /// Adds one.
  void add(int pid);
  /// Forgets them all: every task is traced again.
  void clear();

 private:
  std::shared_ptr<TraceFiles> files_;
  std::string path_;
};

/// The text of such a file: a number a line, or `no pid`. Other lines are left out.
[[nodiscard]] std::vector<int> parse_pids(std::string_view text);

}  // namespace fathom
