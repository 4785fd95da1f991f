#include "text_field.hpp"

#include <fathom/output/call_tree_text.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <ostream>
#include <span>
#include <string_view>
#include <vector>

namespace fathom {

namespace {

using output::append_printable;
using output::Colored;

// kernel/trace/trace_functions_graph.c, __print_graph_headers_flags(), with only the columns that are written here.
constexpr std::string_view kHeader =
    "# tracer: function_graph\n"
    "#\n"
    "#  DURATION                  FUNCTION CALLS\n"
    "#   |   |                     |   |   |   |\n";
constexpr std::string_view kNoDuration = "              |  ";
constexpr std::uint32_t kMaxIndentedDepth = 256;
constexpr std::size_t kFlushBytes = 64UL * 1024;

struct Overhead {
  std::int64_t above;  // nanoseconds
  char mark;
  std::string_view color;
};

// kernel/trace/trace_output.c, trace_find_mark()
constexpr std::array kOverheads = {
    Overhead{1'000'000'000, '$', output::kBoldRed}, Overhead{100'000'000, '@', output::kBoldRed},
    Overhead{10'000'000, '*', output::kRed},        Overhead{1'000'000, '#', output::kRed},
    Overhead{100'000, '!', output::kYellow},        Overhead{10'000, '+', {}},
};
constexpr Overhead kNoOverhead{0, ' ', {}};

const Overhead& overhead_of(Duration duration) noexcept {
  const auto* const found =
      std::ranges::find_if(kOverheads, [&](const Overhead& o) { return duration.count() > o.above; });
  return found == kOverheads.end() ? kNoOverhead : *found;
}

// "12.345 us    |  ": seven digits at most, as trace_print_graph_duration() has it, so that the columns stay in line.
void append_duration(std::string& out, Duration duration) {
  constexpr std::size_t kWidth = 8;
  constexpr std::size_t kMaxDigits = 7;
  const auto nanoseconds = static_cast<std::uint64_t>(duration.count());
  const std::size_t start = out.size();
  output::append_number(out, nanoseconds / 1000);
  const std::size_t digits = out.size() - start;
  if (digits < kMaxDigits) {
    const auto rest = static_cast<unsigned>(nanoseconds % 1000);
    const std::array<char, 4> fraction{'.', static_cast<char>('0' + rest / 100),
                                       static_cast<char>('0' + rest / 10 % 10), static_cast<char>('0' + rest % 10)};
    out.append(fraction.data(), std::min<std::size_t>(fraction.size(), kMaxDigits + 1 - digits));
  }
  const std::size_t width = out.size() - start;
  out += " us ";
  if (width < kWidth)
    out.append(kWidth - width, ' ');
  out += "|  ";
}

// "-22" for what can be an error number, else "0x1f", as print_graph_retval() has it.
void append_retval(std::string& out, std::uint64_t value) {
  constexpr std::int64_t kMaxErrno = 4095;
  const auto as_signed = static_cast<std::int64_t>(value);
  const bool is_error = as_signed < 0 && as_signed >= -kMaxErrno;
  std::array<char, 20> digits;
  out += is_error ? "" : "0x";
  const std::to_chars_result result = is_error ? std::to_chars(digits.data(), digits.data() + digits.size(), as_signed)
                                               : std::to_chars(digits.data(), digits.data() + digits.size(), value, 16);
  out.append(digits.data(), result.ptr);
}

// Walks trees and writes them. Where a stream is given, the string is only what has not gone to it yet.
class Writer {
 public:
  Writer(std::string& out, const CallTreeTextOptions& options, std::ostream* stream = nullptr)
      : out_(out), options_(options), stream_(stream) {}

  void heading(const CallTree& tree) {
    const Colored bold(out_, output::kBold, options_.color);
    out_ += "# ";
    if (const std::optional<Task> task = tree.task())
      output::append_task(out_, *task);
    else
      out_ += "unknown task";
    if (const std::optional<std::uint32_t> cpu = tree.cpu()) {
      out_ += " on cpu ";
      output::append_number(out_, *cpu);
    }
    out_ += ": ";
    output::append_count(out_, tree.calls(), "call", "calls");
    if (tree.fragment())
      out_ += " (of before its first switch line)";
  }

  void tree(const CallTree& tree, std::span<const CallComment> comments) {
    heading(tree);
    end_line();
    comments_ = comments;
    pass_comments(std::nullopt, std::nullopt);
    calls(tree.preorder());
    for (const CallComment& comment : comments_)
      write_comment(comment);
  }

  void calls(CallsPreorder calls) {
    for (const Call call : calls) {
      while (!open_.empty() && call.parent() != open_.back().call)
        close();
      enter(call);
    }
    while (!open_.empty())
      close();
  }

  void text(std::string_view text) { out_ += text; }

  void flush() {
    if (stream_ == nullptr)
      return;
    stream_->write(out_.data(), static_cast<std::streamsize>(out_.size()));
    out_.clear();
  }

 private:
  struct OpenCall {
    Call call;
    std::uint64_t line = 0;  // of its opening brace
  };

  void enter(const Call& call) {
    const CallChildren children = call.children();
    const bool inner = !children.empty() || !call.marks().none() || has_comment_inside(call);
    if (!inner) {
      measure(call);
      name(call);
      out_ += ';';
      remark(call, call.retval());
      end_line();
      after(call);
      return;
    }
    out_ += kNoDuration;
    indent(call.depth());
    name(call);
    out_ += " {";
    remark(call, std::nullopt);
    open_.push_back({call, line_});
    end_line();
    marks(call);
    pass_comments(call, std::nullopt);
  }

  void close() {
    const auto [call, opened_at] = open_.back();
    open_.pop_back();
    measure(call);
    out_ += '}';
    const std::optional<std::uint64_t> retval = call.retval();
    if (!call.name().empty() && (retval || line_ - opened_at >= options_.tail_names_after)) {
      out_ += " /* ";
      output::append_function(out_, call.name(), call.module());
      if (retval) {
        out_ += " ret=";
        append_retval(out_, *retval);
      }
      out_ += " */";
    }
    end_line();
    after(call);
  }

  void after(const Call& call) { pass_comments(open_.empty() ? std::nullopt : std::optional(open_.back().call), call); }

  // The columns before the function of a call that ends in this line.
  void measure(const Call& call) {
    if (const std::optional<Duration> duration = call.duration()) {
      const Overhead& overhead = overhead_of(*duration);
      const Colored color(out_, overhead.color, options_.color);
      out_ += overhead.mark;
      out_ += ' ';
      append_duration(out_, *duration);
    } else {
      out_ += kNoDuration;
    }
    indent(call.depth());
  }

  void indent(std::uint32_t depth) { out_.append(2UL * std::min(depth, kMaxIndentedDepth), ' '); }

  void name(const Call& call) {
    output::append_function(out_, call.name(), call.module());
    out_ += '(';
    append_printable(out_, call.args());
    out_ += ')';
  }

  // " /* <-vfs_read+0x4/0x370 ret=0x0 */"
  void remark(const Call& call, std::optional<std::uint64_t> retval) {
    const std::string_view caller = call.caller();
    if (caller.empty() && !retval)
      return;
    out_ += " /* ";
    if (!caller.empty()) {
      out_ += "<-";
      append_printable(out_, caller);
    }
    if (retval) {
      out_ += caller.empty() ? "ret=" : " ret=";
      append_retval(out_, *retval);
    }
    out_ += " */";
  }

  void marks(const Call& call) {
    if (call.marks().none())
      return;
    out_ += kNoDuration;
    indent(call.depth() + 1);
    {
      const Colored dim(out_, output::kDim, options_.color);
      std::string_view before = "/* ";
      for (const CallMark mark : kCallMarks) {
        if (!call.has(mark))
          continue;
        out_ += before;
        out_ += to_string(mark);
        before = ", ";
      }
      out_ += " */";
    }
    end_line();
  }

  [[nodiscard]] bool has_comment_inside(const Call& call) const {
    return !comments_.empty() && comments_.front().inside == call;
  }

  // Comments of a tree are in the order in which the walk comes by their places.
  void pass_comments(std::optional<Call> inside, std::optional<Call> after) {
    while (!comments_.empty() && comments_.front().inside == inside && comments_.front().after == after) {
      write_comment(comments_.front());
      comments_ = comments_.subspan(1);
    }
  }

  void write_comment(const CallComment& comment) {
    out_ += kNoDuration;
    indent(comment.inside ? comment.inside->depth() + 1 : 0);
    out_ += "/* ";
    append_printable(out_, comment.text);
    out_ += " */";
    end_line();
  }

  void end_line() {
    out_ += '\n';
    ++line_;
    if (stream_ != nullptr && out_.size() >= kFlushBytes)
      flush();
  }

  std::string& out_;
  const CallTreeTextOptions& options_;
  std::ostream* stream_;
  std::vector<OpenCall> open_;
  std::span<const CallComment> comments_;
  std::uint64_t line_ = 0;
};

}  // namespace

void write_text(std::ostream& out, const CallForest& forest, const CallTreeTextOptions& options) {
  std::vector<std::vector<CallComment>> comments(forest.tree_count());
  for (const CallComment& comment : forest.comments())
    comments[comment.tree.index()].push_back(comment);

  std::string buffer;
  Writer writer(buffer, options, &out);
  writer.text(kHeader);
  for (const CallTree tree : forest.trees()) {
    if (tree.calls() == 0 && comments[tree.index()].empty())
      continue;
    writer.text("#\n");
    writer.tree(tree, comments[tree.index()]);
  }
  writer.flush();
}

void append_text(std::string& out, const CallTree& tree, const CallTreeTextOptions& options) {
  Writer(out, options).tree(tree, {});
}

void append_text(std::string& out, const Call& call, const CallTreeTextOptions& options) {
  Writer(out, options).calls(call.preorder());
}

}  // namespace fathom
