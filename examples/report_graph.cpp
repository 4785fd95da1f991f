#include "report_graph.hpp"

#include <fathom/rawtrace/field_reader.hpp>

#include <algorithm>

namespace report {

namespace {

using fathom::FieldReader;
using fathom::RawRecord;
using fathom::TextBuffer;

constexpr std::size_t kIndent = 2;
constexpr std::uint64_t kDeepest = 1000;  // no kernel's stack has so many frames: the record is damaged

// "+ 17.692 us  |  "
void append_duration(std::uint64_t nanoseconds, TextBuffer& out) {
  constexpr std::uint64_t kMarks[] = {1'000'000'000, 1'000'000, 100'000, 10'000};
  constexpr std::string_view kSigns = "$#!+";
  std::size_t mark = 0;
  while (mark < kSigns.size() && nanoseconds <= kMarks[mark])
    ++mark;
  out.append(mark < kSigns.size() ? kSigns[mark] : ' ');
  out.append(' ');
  const std::size_t begin = out.size();
  out.decimal(nanoseconds / 1000);
  constexpr std::size_t kWidth = 7;
  if (out.size() - begin < kWidth) {
    out.append('.');
    out.decimal(nanoseconds % 1000, 3, '0');
  }
  const std::size_t width = out.size() - begin;
  out.append(" us ");
  out.append(width < kWidth ? kWidth - width : 0, ' ');
  out.append("|  ");
}

void append_name(std::string_view name, std::uint64_t address, TextBuffer& out) {
  if (name.empty())
    out.hex(address);
  else
    out.append(name);
}

struct Exit {
  explicit Exit(const fathom::EventFormat& format)
      : function(format, "func"), calltime(format, "calltime"), rettime(format, "rettime"), depth(format, "depth") {}
  std::uint64_t duration(const RawRecord& record) const {
    return rettime(record.bytes()).value_or(0) - calltime(record.bytes()).value_or(0);
  }

  FieldReader<std::uint64_t> function;
  FieldReader<std::uint64_t> calltime;
  FieldReader<std::uint64_t> rettime;
  FieldReader<std::uint64_t> depth;
};

void append_indent(std::uint64_t depth, TextBuffer& out) {
  out.append(std::min(depth, kDeepest) * kIndent, ' ');
}

class GraphEntry final : public EventText {
 public:
  GraphEntry(const fathom::EventFormat& format, const fathom::EventFormat* exit, EventSources& sources)
      : functions_(&sources.functions), pid_(format, "common_pid"), function_(format, "func"), depth_(format, "depth") {
    if (exit != nullptr) {
      exit_id_ = exit->id();
      exit_.emplace(*exit);
    }
  }
  bool append(const RawRecord& record, const RawRecord* next, TextBuffer& out) override {
    const std::uint64_t function = function_(record.bytes()).value_or(0);
    const bool leaf = exit_ && next != nullptr && next->id == exit_id_ && pid_(next->bytes()) == pid_(record.bytes()) &&
                      exit_->function(next->bytes()) == function;
    if (leaf)
      append_duration(exit_->duration(*next), out);
    else
      out.append("             |  ");
    append_indent(depth_(record.bytes()).value_or(0), out);
    append_name(functions_->find(function), function, out);
    out.append(leaf ? "();" : "() {");
    return leaf;
  }

 private:
  FunctionNames* functions_;
  FieldReader<std::int32_t> pid_;
  FieldReader<std::uint64_t> function_;
  FieldReader<std::uint64_t> depth_;
  std::uint16_t exit_id_ = 0;
  std::optional<Exit> exit_;
};

class GraphExit final : public EventText {
 public:
  explicit GraphExit(const fathom::EventFormat& format) : exit_(format) {}
  bool append(const RawRecord& record, const RawRecord*, TextBuffer& out) override {
    append_duration(exit_.duration(record), out);
    append_indent(exit_.depth(record.bytes()).value_or(0), out);
    out.append('}');
    return false;
  }

 private:
  Exit exit_;
};

// Indented below its caller, where that was seen before on this CPU. What stood deeper on the CPU's stack stays there,
// as with trace-cmd: a guess, for there are no exits.
class Function final : public EventText {
 public:
  Function(const fathom::EventFormat& format, EventSources& sources)
      : functions_(&sources.functions), ip_(format, "ip"), parent_(format, "parent_ip") {}
  bool append(const RawRecord& record, const RawRecord*, TextBuffer& out) override {
    const std::uint64_t address = ip_(record.bytes()).value_or(0);
    const std::string_view name = functions_->find(address);
    const std::string_view parent = functions_->find(parent_(record.bytes()).value_or(0));
    if (!parent.empty())
      out.append(3 * depth_of(parent, name, record.cpu), ' ');
    if (name.empty())
      out.append("0x");
    append_name(name, address, out);
    return false;
  }

 private:
  std::size_t depth_of(std::string_view parent, std::string_view name, std::uint32_t cpu) {
    if (cpu >= stacks_.size())
      stacks_.resize(std::size_t{cpu} + 1);
    std::vector<std::string_view>& stack = stacks_[cpu];
    const auto found = std::ranges::find(stack, parent);
    const auto depth = static_cast<std::size_t>(found - stack.begin());
    if (found != stack.end()) {
      put(stack, depth + 1, name);
      return depth;
    }
    put(stack, 0, parent);
    put(stack, 1, name);
    return 0;
  }
  static void put(std::vector<std::string_view>& stack, std::size_t at, std::string_view name) {
    if (name.empty() || at > kDeepest)
      return;
    if (at >= stack.size())
      stack.resize(at + 1);
    stack[at] = name;
  }

  FunctionNames* functions_;
  FieldReader<std::uint64_t> ip_;
  FieldReader<std::uint64_t> parent_;
  std::vector<std::vector<std::string_view>> stacks_;
};

}  // namespace

std::unique_ptr<EventText> function_text(const fathom::EventFormat& format, EventSources& sources) {
  const std::string_view name = format.name();
  if (name == "funcgraph_entry" || name == "fgraph_retaddr_entry")
    return std::make_unique<GraphEntry>(format, sources.input.formats().find("ftrace", "funcgraph_exit"), sources);
  if (name == "funcgraph_exit")
    return std::make_unique<GraphExit>(format);
  if (name == "function")
    return std::make_unique<Function>(format, sources);
  return nullptr;
}

}  // namespace report
