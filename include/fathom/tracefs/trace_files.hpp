#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {

/// An open file of tracefs that is read piece by piece: `trace`, `trace_pipe`.
class TraceStream {
 public:
  TraceStream() = default;
  virtual ~TraceStream() = default;
  TraceStream(const TraceStream&) = delete;
  TraceStream& operator=(const TraceStream&) = delete;

  /// Reads at most `into.size()` bytes: 0 at the end of the file, empty where there is nothing yet (the stream was
  /// opened non-blocking). Throws Error.
  virtual std::optional<std::size_t> read(std::span<char> into) = 0;
  /// A descriptor to poll for readability; owned by the stream.
  [[nodiscard]] virtual int native_handle() const noexcept = 0;
};

/// How all of this library touches tracefs: a tree of small files, here, on another machine, or made up by a test.
///
///     auto files = local_trace_files("/sys/kernel/tracing");
///     files->write("current_tracer", "nop");
///     files->read("instances/mine/trace_clock");
///
/// Paths are relative to the root of the tracefs (`instances/x/trace`); the empty path is the root itself. Every
/// function throws Error with the full path, the errno and, where it is known, the remedy. tracefs acts on each write()
/// call by itself, so `write` and `append` hand the whole text over in one, and an error is the kernel's verdict on
/// that text. Implementations are safe to use from several threads.
class TraceFiles {
 public:
  TraceFiles() = default;
  virtual ~TraceFiles() = default;
  TraceFiles(const TraceFiles&) = delete;
  TraceFiles& operator=(const TraceFiles&) = delete;

  /// Where the root is, for messages: `/sys/kernel/tracing`.
  [[nodiscard]] virtual const std::string& root() const noexcept = 0;
  [[nodiscard]] virtual bool exists(std::string_view path) = 0;
  /// The whole file. Only for files that end; not `trace_pipe`.
  [[nodiscard]] virtual std::string read(std::string_view path) = 0;
  /// Opens with O_TRUNC, which for set_ftrace_filter and its like means "forget the old ones", and writes.
  virtual void write(std::string_view path, std::string_view text) = 0;
  /// Opens with O_APPEND and writes: adds to a filter, a list of pids, dynamic_events.
  virtual void append(std::string_view path, std::string_view text) = 0;
  /// The names in a directory, sorted, without `.` and `..`.
  [[nodiscard]] virtual std::vector<std::string> list(std::string_view path) = 0;
  [[nodiscard]] virtual bool is_directory(std::string_view path) = 0;
  virtual void make_directory(std::string_view path) = 0;
  virtual void remove_directory(std::string_view path) = 0;
  /// Opens for plain read(): splice and sendfile lose or repeat blocks of text on Linux before 5.15.
  [[nodiscard]] virtual std::unique_ptr<TraceStream> open_stream(std::string_view path, bool non_blocking) = 0;
};

/// The tracefs that is mounted at `root` on this machine. Looks at nothing until it is used.
[[nodiscard]] std::shared_ptr<TraceFiles> local_trace_files(std::string root);

}  // namespace fathom
