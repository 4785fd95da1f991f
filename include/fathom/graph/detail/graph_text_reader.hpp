#pragma once

#include <fathom/base/parse_stats.hpp>
#include <fathom/event/events.hpp>
#include <fathom/event/function_table.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {

/// What a line of function_graph text is.
enum class GraphLineKind : std::uint8_t {
  entry,        ///< `vfs_read() {`
  leaf,         ///< `mutex_unlock();`
  exit,         ///< `}`, `} /* vfs_read */`
  overruns,     ///< ` (Overruns: 0)`
  comment,      ///< `/* text */`, each of its lines
  irq_mark,     ///< `==========> |`
  task_change,  ///< `0) cat-12 => <idle>-0`, the rules around it and the empty line after it
  loss,         ///< `CPU:0 [LOST 12 EVENTS]`
  header,       ///< lines that start with `#`
  text_record,  ///< a line in the default format
  stack_frame,  ///< ` => do_syscall_64`
};
inline constexpr std::array kGraphLineKinds = {
    GraphLineKind::entry,   GraphLineKind::leaf,        GraphLineKind::exit,        GraphLineKind::overruns,
    GraphLineKind::comment, GraphLineKind::irq_mark,    GraphLineKind::task_change, GraphLineKind::loss,
    GraphLineKind::header,  GraphLineKind::text_record, GraphLineKind::stack_frame};

/// The kind's identifier: `task_change`.
[[nodiscard]] std::string_view to_string(GraphLineKind kind) noexcept;

/// How many lines of each kind there were.
class GraphLineCounts {
 public:
  [[nodiscard]] std::uint64_t operator[](GraphLineKind kind) const noexcept {
    return counts_[static_cast<std::size_t>(kind)];
  }
  [[nodiscard]] std::uint64_t total() const noexcept {
    std::uint64_t sum = 0;
    for (const std::uint64_t n : counts_)
      sum += n;
    return sum;
  }
  void add(GraphLineKind kind, std::uint64_t n = 1) noexcept { counts_[static_cast<std::size_t>(kind)] += n; }

 private:
  std::array<std::uint64_t, kGraphLineKinds.size()> counts_{};
};

namespace detail {

struct GraphLine;

/// Which columns stand before a graph line's body.
struct GraphLayout {
  bool time = false;           ///< funcgraph-abstime
  bool relative_time = false;  ///< the latency tracers' display-graph
  bool cpu = false;
  bool proc = false;
  bool flags = false;  ///< latency-format
  bool duration = false;

  friend bool operator==(const GraphLayout&, const GraphLayout&) = default;
};

/// What FunctionGraphParser is made of: cuts bytes into lines, and lines into events. Pull-style, so that it stands in
/// the library once and not in every sink's program. Not for use by itself.
class GraphTextReader {
 public:
  enum class Step : std::uint8_t {
    need_bytes,     ///< nothing more in what was given
    nothing,        ///< inside only: a line that is no event was read
    no_graph_line,  ///< inside only: to be read as a line of another kind
    entry,
    leaf,  ///< `entry`, then `exit`
    exit,
    comment,
    irq_mark,
    task_change,
    recording_start,
    loss,
    text_record,
    stack_frame,
  };

  /// Gives the next bytes. Until `next()` says need_bytes they must stay where they are.
  void give(std::string_view bytes);
  /// No more bytes will come: what waits for more is to be decided now.
  void give_end();
  /// Goes on to the next event; interns names into `functions`.
  Step next(FunctionTable& functions);

  // The event that next() spoke of, until the next call.
  [[nodiscard]] const GraphEntry& entry() const noexcept { return entry_; }
  [[nodiscard]] const GraphExit& exit() const noexcept { return exit_; }
  [[nodiscard]] const GraphComment& comment() const noexcept { return comment_; }
  [[nodiscard]] const IrqMark& irq_mark() const noexcept { return irq_mark_; }
  [[nodiscard]] const TaskChange& task_change() const noexcept { return task_change_; }
  [[nodiscard]] const Loss& loss() const noexcept { return loss_; }
  [[nodiscard]] const TextRecord& text_record() const noexcept { return text_record_; }
  [[nodiscard]] const StackFrame& stack_frame() const noexcept { return stack_frame_; }

  [[nodiscard]] ParseStats stats() const;
  [[nodiscard]] const GraphLineCounts& lines() const noexcept { return lines_; }

 private:
  // The task that a CPU's lines belong to, as the last banner said.
  struct CpuTask {
    bool known = false;
    std::int32_t pid = 0;
    std::uint8_t comm_size = 0;
    std::array<char, 16> comm{};
  };

  // How far a switch banner has been read: rule, change, rule, empty line.
  enum class Banner : std::uint8_t { none, first_rule, change, second_rule };
  bool refill();
  Step read_line(FunctionTable& functions);
  Step read_graph_line(const char* line, const char* line_end, FunctionTable& functions);
  Step read_other_line(const char* line, const char* line_end);
  Step read_comment(const GraphLine& decoded, const char* line, const char* line_end);
  bool attach_overruns(const char*& next_line) noexcept;
  Step skip_endless_line();
  void set_context(EventContext& context, const GraphLine& line);
  [[nodiscard]] std::uint64_t bytes_ahead(const char* from) const noexcept;
  void skip(const char* line, const char* to, SkipReason reason);
  Step read_header(std::string_view line);
  void change_task(std::uint32_t cpu, const Task& next);

  const char* cursor_ = nullptr;
  const char* end_ = nullptr;
  std::string_view given_;   // what remains of the caller's bytes while `carry_` is being read
  std::string carry_;        // starts of lines that earlier bytes ended in
  std::size_t carried_ = 0;  // of the bytes in carry_, how many came from earlier calls
  bool reading_carry_ = false;
  bool at_end_ = false;
  bool skipping_long_line_ = false;
  Banner banner_ = Banner::none;
  std::uint64_t closeless_until_ = 0;  // no line end before this offset, from the last endless comment on, closes one

  bool layout_known_ = false;
  GraphLayout layout_;

  std::vector<CpuTask> cpu_tasks_;
  // Without the cpu column: the task of the only CPU that banners spoke of so far.
  std::uint32_t banner_cpu_ = 0;
  bool banner_cpu_known_ = false;
  bool banner_cpu_ambiguous_ = false;

  GraphEntry entry_;
  GraphExit exit_;
  GraphComment comment_;
  IrqMark irq_mark_;
  TaskChange task_change_;
  Loss loss_;
  TextRecord text_record_;
  StackFrame stack_frame_;

  GraphLineCounts lines_;
  std::uint64_t bytes_ = 0;
  std::uint64_t skipped_bytes_ = 0;
  std::array<std::uint64_t, kSkipReasons.size()> skipped_{};
  std::uint64_t losses_ = 0;
  std::uint64_t lost_events_ = 0;
  std::optional<ParseStats::BadRecord> first_bad_;
};

}  // namespace detail
}  // namespace fathom
