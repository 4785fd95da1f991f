#include "default_line.hpp"
#include "graph_line.hpp"

#include <fathom/graph/detail/graph_text_reader.hpp>
#include <fathom/graph/function_graph_parser.hpp>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

namespace fathom {

std::string_view to_string(GraphLineKind kind) noexcept {
  switch (kind) {
    case GraphLineKind::entry:
      return "entry";
    case GraphLineKind::leaf:
      return "leaf";
    case GraphLineKind::exit:
      return "exit";
    case GraphLineKind::overruns:
      return "overruns";
    case GraphLineKind::comment:
      return "comment";
    case GraphLineKind::irq_mark:
      return "irq_mark";
    case GraphLineKind::task_change:
      return "task_change";
    case GraphLineKind::loss:
      return "loss";
    case GraphLineKind::header:
      return "header";
    case GraphLineKind::text_record:
      return "text_record";
    case GraphLineKind::stack_frame:
      return "stack_frame";
  }
  return "";
}

namespace detail {

namespace {

constexpr std::size_t kMaxLine = FunctionGraphParser::kMaxLine;
// A marker's text is at most a page; a comment that has not ended after this many bytes never will.
constexpr std::ptrdiff_t kMaxComment = std::ptrdiff_t{8} * 1024;
constexpr std::size_t kMaxOverruns = 40;
constexpr std::size_t kBadTextBytes = 200;
constexpr std::string_view kRule = " ------------------------------------------";

const char* find_newline(const char* from, const char* to) noexcept {
  return static_cast<const char*>(std::memchr(from, '\n', static_cast<std::size_t>(to - from)));
}

std::string_view text_between(const char* from, const char* to) noexcept {
  return {from, static_cast<std::size_t>(to - from)};
}

bool has_column(const GraphLayout& layout) noexcept {
  return layout != GraphLayout{};
}

// " (Overruns: 0)"
std::optional<std::uint64_t> decode_overruns(std::string_view line) noexcept {
  constexpr std::string_view kOpen = " (Overruns: ";
  if (!line.starts_with(kOpen) || !line.ends_with(')'))
    return std::nullopt;
  std::uint64_t count = 0;
  const char* const last = line.data() + line.size() - 1;
  const auto [end, ec] = std::from_chars(line.data() + kOpen.size(), last, count);
  if (ec != std::errc{} || end != last)
    return std::nullopt;
  return count;
}

// "CPU:0 [LOST 2907 EVENTS]", "CPU:0 [LOST EVENTS]"; and what newer kernels print in place of a record whose text
// outgrew the line buffer
std::optional<Loss> decode_loss(std::string_view line) noexcept {
  if (line == "[LINE TOO BIG]")
    return Loss{std::nullopt, 1};
  constexpr std::string_view kOpen = "CPU:";
  constexpr std::string_view kUncounted = " [LOST EVENTS]";
  constexpr std::string_view kLost = " [LOST ";
  constexpr std::string_view kClose = " EVENTS]";
  if (!line.starts_with(kOpen))
    return std::nullopt;
  const char* const last = line.data() + line.size();
  std::uint32_t cpu = 0;
  const auto [after_cpu, cpu_ec] = std::from_chars(line.data() + kOpen.size(), last, cpu);
  if (cpu_ec != std::errc{})
    return std::nullopt;
  const std::string_view rest = text_between(after_cpu, last);
  if (rest == kUncounted)
    return Loss{cpu, std::nullopt};
  if (!rest.starts_with(kLost) || !rest.ends_with(kClose) || rest.size() <= kLost.size() + kClose.size())
    return std::nullopt;
  std::uint64_t events = 0;
  const char* const count_end = last - kClose.size();
  const auto [end, ec] = std::from_chars(after_cpu + kLost.size(), count_end, events);
  if (ec != std::errc{} || end != count_end)
    return std::nullopt;
  return Loss{cpu, events};
}

// " 0)    <idle>-0    =>   rcu_pre-15  ", printed with or without the cpu column
std::optional<TaskChange> decode_task_change(std::string_view line) noexcept {
  const std::size_t close = line.find(')');
  if (!line.starts_with(' ') || close == std::string_view::npos || line.substr(close, 2) != ") ")
    return std::nullopt;
  const std::size_t first = line.find_first_not_of(' ');
  TaskChange change;
  std::uint32_t cpu = 0;
  const auto [end, ec] = std::from_chars(line.data() + first, line.data() + close, cpu);
  if (ec != std::errc{} || end != line.data() + close || cpu > 65535)
    return std::nullopt;
  change.cpu = cpu;
  std::string_view rest = line.substr(close + 2);
  constexpr std::string_view kArrow = " => ";
  if (!decode_proc(rest, kArrow, change.previous))
    return std::nullopt;
  rest.remove_prefix(kArrow.size());
  // decode_proc wants to see what follows, and here the line ends.
  const std::size_t dash = rest.rfind('-');
  std::string_view comm = rest.substr(0, dash);
  if (dash == std::string_view::npos)
    return std::nullopt;
  comm.remove_prefix(std::min(comm.find_first_not_of(' '), comm.size()));
  const std::size_t pid_size = rest.find_last_not_of(' ') - dash;
  const char* const pid_end = rest.data() + dash + 1 + pid_size;
  const auto [stop, pid_ec] = std::from_chars(rest.data() + dash + 1, pid_end, change.next.pid);
  if (pid_ec != std::errc{} || stop != pid_end || change.next.pid < 0 || comm.size() > 16)
    return std::nullopt;
  change.next.comm = comm;
  return change;
}

bool is_text(std::string_view line) noexcept {
  return std::ranges::all_of(line, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= ' ' && byte != 0x7f) || byte == '\t' || byte == '\r';
  });
}

}  // namespace

void GraphTextReader::give(std::string_view bytes) {
  bytes_ += bytes.size();
  given_ = bytes;
  at_end_ = false;
  reading_carry_ = !carry_.empty();
  carried_ = carry_.size();
  if (reading_carry_) {
    cursor_ = carry_.data();
    end_ = cursor_ + carry_.size();
  } else {
    cursor_ = bytes.data();
    end_ = cursor_ + bytes.size();
  }
}

void GraphTextReader::give_end() {
  give({});
  at_end_ = true;
}

// Gets more bytes to look at. While a line that began in earlier bytes is read, `carry_` grows by copies of the given
// bytes; once the cursor has left the earlier ones, the rest is read where it stands.
bool GraphTextReader::refill() {
  if (!reading_carry_) {
    carry_.assign(cursor_, end_);
    given_ = {};
    cursor_ = end_ = nullptr;
    return false;
  }
  const auto consumed = static_cast<std::size_t>(cursor_ - carry_.data());
  if (consumed >= carried_) {
    const std::size_t offset = consumed - carried_;
    // What carry_ holds beyond the earlier bytes is the start of given_.
    cursor_ = given_.data() + offset;
    end_ = given_.data() + given_.size();
    carry_.clear();
    reading_carry_ = false;
    return cursor_ != end_;
  }
  const std::size_t taken = carry_.size() - carried_;
  carry_.erase(0, consumed);
  carried_ -= consumed;
  const std::string_view rest = given_.substr(taken);
  if (rest.empty()) {
    given_ = {};
    cursor_ = end_ = nullptr;
    reading_carry_ = false;
    return false;
  }
  // To the end of the line and what an exit needs to see of the next; twofold, so that a long comment is copied once.
  const std::size_t newline = rest.find('\n');
  const std::size_t wanted =
      std::max(newline == std::string_view::npos ? rest.size() : newline + kMaxOverruns, carry_.size());
  carry_.append(rest.substr(0, wanted));
  cursor_ = carry_.data();
  end_ = cursor_ + carry_.size();
  return true;
}

GraphTextReader::Step GraphTextReader::next(FunctionTable& functions) {
  while (true) {
    if (cursor_ != end_) {
      const Step step = read_line(functions);
      if (step == Step::nothing)
        continue;
      if (step != Step::need_bytes)
        return step;
    }
    if (at_end_) {
      carry_.clear();
      cursor_ = end_ = nullptr;
      return Step::need_bytes;
    }
    if (!refill())
      return Step::need_bytes;
  }
}

// From here to the end of what was given: all of it is counted in bytes_ already.
std::uint64_t GraphTextReader::bytes_ahead(const char* from) const noexcept {
  auto ahead = static_cast<std::uint64_t>(end_ - from);
  if (reading_carry_)
    ahead += given_.size() - (carry_.size() - carried_);
  return ahead;
}

void GraphTextReader::skip(const char* line, const char* to, SkipReason reason) {
  if (!first_bad_) {
    std::uint64_t number = lines_.total() + 1;
    for (const std::uint64_t n : skipped_)
      number += n;
    const std::string_view text = text_between(line, to);
    first_bad_ =
        ParseStats::BadRecord{number, bytes_ - bytes_ahead(line), reason, std::string(text.substr(0, kBadTextBytes))};
    if (first_bad_->text.ends_with('\n'))
      first_bad_->text.pop_back();
  }
  ++skipped_[static_cast<std::size_t>(reason)];
  skipped_bytes_ += static_cast<std::uint64_t>(to - line);
  cursor_ = to;
}

GraphTextReader::Step GraphTextReader::skip_endless_line() {
  const char* const newline = find_newline(cursor_, end_);
  const char* const to = newline == nullptr ? end_ : newline + 1;
  skipped_bytes_ += static_cast<std::uint64_t>(to - cursor_);
  skipping_long_line_ = newline == nullptr;
  cursor_ = to;
  return Step::nothing;
}

GraphTextReader::Step GraphTextReader::read_line(FunctionTable& functions) {
  if (skipping_long_line_)
    return skip_endless_line();
  const char* const line = cursor_;
  const char* const line_end = find_newline(line, end_);
  if (line_end == nullptr) {
    if (static_cast<std::size_t>(end_ - line) > kMaxLine) {
      skipping_long_line_ = true;
      skip(line, end_, SkipReason::line_too_long);
      return Step::nothing;
    }
    if (!at_end_)
      return Step::need_bytes;
    skip(line, end_, SkipReason::cut_line);
    return Step::nothing;
  }
  if (static_cast<std::size_t>(line_end - line) > kMaxLine) {
    skip(line, line_end + 1, SkipReason::line_too_long);
    return Step::nothing;
  }
  const Step step = read_graph_line(line, line_end, functions);
  return step == Step::no_graph_line ? read_other_line(line, line_end) : step;
}

void GraphTextReader::set_context(EventContext& context, const GraphLine& line) {
  if (layout_.time || layout_.relative_time)
    context.time = Timestamp{line.time};
  else
    context.time.reset();
  if (layout_.flags)
    context.flags = line.flags;
  else
    context.flags.reset();
  const CpuTask* task = nullptr;
  if (layout_.cpu) {
    context.cpu = line.cpu;
    if (line.cpu < cpu_tasks_.size())
      task = &cpu_tasks_[line.cpu];
  } else {
    context.cpu.reset();
    if (banner_cpu_known_ && !banner_cpu_ambiguous_)
      task = &cpu_tasks_[banner_cpu_];
  }
  if (layout_.proc)
    context.task = Task{line.pid, line.comm};
  else if (task != nullptr && task->known)
    context.task = Task{task->pid, {task->comm.data(), task->comm_size}};
  else
    context.task.reset();
}

// A line in the form that the last ones had, or in any other form that a graph line has.
GraphTextReader::Step GraphTextReader::read_graph_line(const char* line, const char* line_end,
                                                       FunctionTable& functions) {
  const std::string_view text = text_between(line, line_end);
  GraphLine decoded;
  if (!layout_known_ || !decode_graph_line(text, layout_, decoded)) {
    const auto layout = infer_graph_layout(text);
    // Once there were columns, a line without any is no graph line but a part of somebody's marker.
    if (!layout || (layout_known_ && has_column(layout_) && !has_column(*layout)))
      return Step::no_graph_line;
    layout_ = *layout;
    layout_known_ = true;
    if (!decode_graph_line(text, layout_, decoded))
      return Step::no_graph_line;
  }

  using Kind = GraphLine::Kind;
  FunctionId function = FunctionId::unknown;
  if (has_function(decoded)) {
    function = functions.find(decoded.name, decoded.module);
    if (function == FunctionId::unknown) {
      if (!is_function_name(decoded.name))
        return Step::no_graph_line;
      function = functions.intern(decoded.name, decoded.module);
    }
  }

  const char* next_line = line_end + 1;
  Step step{};
  switch (decoded.kind) {
    case Kind::entry:
    case Kind::leaf:
      set_context(entry_.context, decoded);
      entry_.function = function;
      entry_.depth = decoded.depth;
      entry_.args = decoded.args;
      entry_.caller = decoded.caller;
      entry_.leaf = decoded.kind == Kind::leaf;
      lines_.add(entry_.leaf ? GraphLineKind::leaf : GraphLineKind::entry);
      step = Step::entry;
      if (entry_.leaf) {
        // The line's time is the entry's; when it returned, only the duration says.
        set_context(exit_.context, decoded);
        exit_.context.time.reset();
        exit_.overruns.reset();
        step = Step::leaf;
      }
      break;
    case Kind::exit: {
      exit_.overruns.reset();
      if (!attach_overruns(next_line))
        return Step::need_bytes;
      set_context(exit_.context, decoded);
      lines_.add(GraphLineKind::exit);
      step = Step::exit;
      break;
    }
    case Kind::comment:
      return read_comment(decoded, line, line_end);
    case Kind::irq_enter:
    case Kind::irq_leave:
      set_context(irq_mark_.context, decoded);
      irq_mark_.entering = decoded.kind == Kind::irq_enter;
      lines_.add(GraphLineKind::irq_mark);
      step = Step::irq_mark;
      break;
  }
  if (step == Step::leaf || step == Step::exit) {
    exit_.function = function;
    exit_.depth = decoded.depth;
    exit_.leaf = step == Step::leaf;
    if (decoded.has_duration) {
      exit_.duration = Duration{decoded.duration};
      exit_.precision = Duration{decoded.precision};
    } else {
      exit_.duration.reset();
      exit_.precision = Duration{1};
    }
    if (decoded.has_retval)
      exit_.retval = decoded.retval;
    else
      exit_.retval.reset();
  }
  cursor_ = next_line;
  return step;
}

// A comment ends where a line ends in its closing mark; a marker's text may hold newlines.
GraphTextReader::Step GraphTextReader::read_comment(const GraphLine& decoded, const char* line, const char* line_end) {
  constexpr std::string_view kClose = " */";
  const char* const text = decoded.text.data();
  const char* const limit = line + std::min<std::ptrdiff_t>(end_ - line, kMaxComment);
  const char* last = line_end;
  // Without columns, each line of an endless comment may open another: what was looked through is not looked at again.
  const std::uint64_t offset = bytes_ - bytes_ahead(line);
  if (!has_column(layout_) && closeless_until_ > offset && !text_between(text, last).ends_with(kClose))
    last = std::max(last, line + std::min<std::uint64_t>(closeless_until_ - offset, kMaxComment + 1));
  while (last <= limit && !text_between(text, last).ends_with(kClose)) {
    const char* const next = last + 1;
    const char* const next_end = next < limit ? find_newline(next, limit) : nullptr;
    GraphLine other;
    if (next_end == nullptr) {
      if (end_ - line <= kMaxComment && !at_end_)
        return Step::need_bytes;
      closeless_until_ = std::max(closeless_until_, offset + static_cast<std::uint64_t>(last - line));
      last = limit + 1;
    } else if (has_column(layout_) && decode_graph_line(text_between(next, next_end), layout_, other)) {
      last = limit + 1;
    } else {
      last = next_end;
    }
  }
  if (last > limit) {
    skip(line, line_end + 1, SkipReason::unknown_line);
    return Step::nothing;
  }
  set_context(comment_.context, decoded);
  comment_.text = text_between(text, last - kClose.size());
  lines_.add(GraphLineKind::comment, 1 + static_cast<std::uint64_t>(std::count(line_end, last, '\n')));
  cursor_ = last + 1;
  return Step::comment;
}

// Whether the line behind an exit tells the exit's overruns. False if more bytes are needed to know.
bool GraphTextReader::attach_overruns(const char*& next_line) noexcept {
  const auto ahead = static_cast<std::size_t>(end_ - next_line);
  constexpr std::string_view kOpen = " (";
  const std::string_view start(next_line, std::min(ahead, kOpen.size()));
  if (start != kOpen.substr(0, start.size()))
    return true;
  const char* const line_end = find_newline(next_line, next_line + std::min(ahead, kMaxOverruns));
  if (line_end == nullptr)
    return at_end_ || ahead >= kMaxOverruns;
  exit_.overruns = decode_overruns(text_between(next_line, line_end));
  if (exit_.overruns) {
    lines_.add(GraphLineKind::overruns);
    next_line = line_end + 1;
  }
  return true;
}

GraphTextReader::Step GraphTextReader::read_other_line(const char* line, const char* line_end) {
  const std::string_view text = text_between(line, line_end);
  const auto parsed = [&](GraphLineKind kind, Step step = Step::nothing) {
    lines_.add(kind);
    cursor_ = line_end + 1;
    return step;
  };
  const Banner banner = std::exchange(banner_, Banner::none);
  if (text == kRule) {
    banner_ = banner == Banner::change ? Banner::second_rule : Banner::first_rule;
    return parsed(GraphLineKind::task_change);
  }
  if (banner == Banner::first_rule) {
    if (const auto change = decode_task_change(text)) {
      banner_ = Banner::change;
      task_change_ = *change;
      change_task(*change->cpu, change->next);
      return parsed(GraphLineKind::task_change, Step::task_change);
    }
  }
  if (banner == Banner::second_rule && text.empty())
    return parsed(GraphLineKind::task_change);
  if (text == "#" || text.starts_with("# ") || text.starts_with("#####")) {
    return parsed(GraphLineKind::header, read_header(text));
  }
  if (const auto loss = decode_loss(text)) {
    loss_ = *loss;
    ++losses_;
    lost_events_ += loss->events.value_or(0);
    return parsed(GraphLineKind::loss, Step::loss);
  }
  constexpr std::string_view kFrame = " => ";
  if (text.starts_with(kFrame)) {
    stack_frame_.text = text.substr(kFrame.size());
    return parsed(GraphLineKind::stack_frame, Step::stack_frame);
  }
  // Its exit went before the input began.
  if (decode_overruns(text))
    return parsed(GraphLineKind::overruns);
  if (is_text(text)) {
    if (decode_default_line(text, text_record_))
      return parsed(GraphLineKind::text_record, Step::text_record);
    skip(line, line_end + 1, SkipReason::unknown_line);
  } else {
    skip(line, line_end + 1, SkipReason::not_text);
  }
  return Step::nothing;
}

// "# tracer: function_graph" starts a new trace; "#     TIME        CPU  TASK/PID  ||||  DURATION   FUNCTION CALLS"
// tells its columns.
GraphTextReader::Step GraphTextReader::read_header(std::string_view line) {
  const auto has = [line](std::string_view word) { return line.find(word) != std::string_view::npos; };
  if (line.starts_with("# tracer: ")) {
    layout_ = {};
    layout_known_ = false;
    cpu_tasks_.clear();
    banner_cpu_known_ = banner_cpu_ambiguous_ = false;
    return Step::recording_start;
  }
  if (has("FUNCTION CALLS")) {
    layout_.relative_time = has("REL TIME");
    layout_.time = has(" TIME ") && !layout_.relative_time;
    layout_.cpu = has(" CPU");
    layout_.proc = has("TASK/PID");
    layout_.flags = has("||||");
    layout_.duration = has("DURATION");
    layout_known_ = true;
  }
  return Step::nothing;
}

void GraphTextReader::change_task(std::uint32_t cpu, const Task& next) {
  if (cpu >= cpu_tasks_.size())
    cpu_tasks_.resize(cpu + 1UL);
  CpuTask& task = cpu_tasks_[cpu];
  task.known = true;
  task.pid = next.pid;
  task.comm_size = static_cast<std::uint8_t>(std::min(next.comm.size(), task.comm.size()));
  std::copy_n(next.comm.begin(), task.comm_size, task.comm.begin());
  banner_cpu_ambiguous_ = banner_cpu_ambiguous_ || (banner_cpu_known_ && banner_cpu_ != cpu);
  banner_cpu_ = cpu;
  banner_cpu_known_ = true;
}

ParseStats GraphTextReader::stats() const {
  ParseStats stats;
  stats.bytes = bytes_ - (cursor_ == nullptr ? carry_.size() : bytes_ahead(cursor_));
  stats.skipped_bytes = skipped_bytes_;
  stats.parsed_bytes = stats.bytes - skipped_bytes_;
  stats.parsed_records = lines_.total();
  stats.skipped_records_by_reason = skipped_;
  stats.records = stats.parsed_records + stats.skipped_records();
  stats.losses = losses_;
  stats.lost_events = lost_events_;
  stats.first_bad = first_bad_;
  return stats;
}

}  // namespace detail
}  // namespace fathom
