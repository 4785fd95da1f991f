#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {

/// An open file of tracefs that is read piece by piece: `trace`, `trace_pipe`, `trace_pipe_raw`.
///
/// Not safe to share between threads. Closing is the destructor's work; an open `trace_pipe` keeps the kernel from
/// changing the tracer, so let go of it first.
class TraceStream {
 public:
  TraceStream() = default;
  virtual ~TraceStream() = default;
  TraceStream(const TraceStream&) = delete;
  TraceStream& operator=(const TraceStream&) = delete;

  /// Reads at most `into.size()` bytes: 0 at the end of the file, empty where there is nothing yet (the stream was
  /// opened non-blocking). Throws Error.
  virtual std::optional<std::size_t> read(std::span<char> into) = 0;
  /// Moves at most `size` bytes into a pipe without copying them (splice(2)): how many, empty where there is nothing to
  /// move yet. Only of a `trace_pipe_raw`, of which it takes full pages, in multiples of their size. Throws Error; with
  /// EINVAL where this can't be done and read() must do it: so does a stream that does not know better.
  virtual std::optional<std::size_t> splice(int pipe, std::size_t size);
  /// The open descriptor; owned by the stream. Do not rely on poll() of a `trace_pipe`: ask again on a timer.
  [[nodiscard]] virtual int native_handle() const noexcept = 0;
};

/// How a file is opened for writing.
enum class WriteMode : unsigned char {
  truncate,  ///< O_TRUNC, which for set_ftrace_filter and its like means "forget the old ones"
  append,    ///< O_APPEND: adds to a filter, a list of pids, dynamic_events
};

/// How all of this library touches tracefs: a tree of small files, here, on another machine, or made up by a test.
///
///     auto files = local_trace_files("/sys/kernel/tracing");
///     files->write("current_tracer", "nop");
///     files->read("instances/mine/trace_clock");
///
/// Paths are relative to the root of the tracefs (`instances/x/trace`); the empty path is the root itself. Every
/// function throws Error with the full path, the errno and, where it is known, the remedy. tracefs acts on each write()
/// call by itself, so a text is handed over in one, and an error is the kernel's verdict on that text. Files that the
/// kernel reads word by word (filters, lists of pids) act on an unfinished word only when they are closed, where the
/// verdict is lost: end such texts with a newline. Implementations are safe to use from several threads.
class TraceFiles {
 public:
  TraceFiles() = default;
  virtual ~TraceFiles() = default;
  TraceFiles(const TraceFiles&) = delete;
  TraceFiles& operator=(const TraceFiles&) = delete;

  /// Where the root is, for messages: `/sys/kernel/tracing`.
  [[nodiscard]] virtual const std::string& root() const noexcept = 0;
  /// Whether there is such a file or directory. Throws Error if that cannot be told (no right to look).
  [[nodiscard]] virtual bool exists(std::string_view path) = 0;
  /// The whole file. Only for files that end; not `trace_pipe`.
  [[nodiscard]] virtual std::string read(std::string_view path) = 0;
  /// Opens the file once and hands over each text in a write() of its own. No texts: the file is only opened, which in
  /// mode truncate empties it. The first text that is refused ends it and is named in the Error.
  virtual void write_each(std::string_view path, WriteMode mode, std::span<const std::string> texts) = 0;
  /// The names in a directory, sorted, without `.` and `..`.
  [[nodiscard]] virtual std::vector<std::string> list(std::string_view path) = 0;
  [[nodiscard]] virtual bool is_directory(std::string_view path) = 0;
  virtual void make_directory(std::string_view path) = 0;
  virtual void remove_directory(std::string_view path) = 0;
  /// Opens for plain read(): splice and sendfile lose or repeat blocks of text on Linux before 5.15; pages of
  /// `trace_pipe_raw` can be spliced.
  [[nodiscard]] virtual std::unique_ptr<TraceStream> open_stream(std::string_view path, bool non_blocking) = 0;

  /// One text, in mode truncate; an empty text only empties the file.
  void write(std::string_view path, std::string_view text);
  /// One text, in mode append.
  void append(std::string_view path, std::string_view text);
  /// The path as a person would type it: root and path joined.
  [[nodiscard]] std::string full_path(std::string_view path) const;
};

/// The tracefs that is mounted at `root` on this machine. Looks at nothing until it is used.
[[nodiscard]] std::shared_ptr<TraceFiles> local_trace_files(std::string root);

}  // namespace fathom
