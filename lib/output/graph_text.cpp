#include "graph_text.hpp"

#include "function_arguments.hpp"

#include <fathom/rawtrace/detail/raw_bytes.hpp>

#include <algorithm>
#include <string_view>

// kernel/trace/trace_functions_graph.c of Linux 4.4 to 7.3.
namespace fathom::output {

namespace {

constexpr std::size_t kIndent = 2;
constexpr std::size_t kMostIndent = std::size_t{2} * 512;  // deeper stacks than any kernel's are not real
constexpr std::uint64_t kMicro = 1000;
constexpr std::uint64_t kSecond = 1'000'000'000;

void indent(std::uint64_t depth, TextBuffer& out) {
  out.append(std::min<std::uint64_t>(depth * kIndent, kMostIndent), ' ');
}

// kernel/trace/trace_output.c, trace_find_mark().
char mark_of(std::uint64_t nanoseconds) noexcept {
  constexpr std::array<std::pair<std::uint64_t, char>, 6> kMarks = {
      {{1'000'000'000, '$'}, {100'000'000, '@'}, {10'000'000, '*'}, {1'000'000, '#'}, {100'000, '!'}, {10'000, '+'}}};
  for (const auto& [limit, mark] : kMarks) {
    if (nanoseconds > limit)
      return mark;
  }
  return ' ';
}

}  // namespace

GraphText::GraphText(const FormatRegistry& formats, const TraceTextSources& sources, const TraceTextOptions& options,
                     const TraceTextDialect& dialect, RecordText& records)
    : layout_(Layout::of(formats)),
      sources_(&sources),
      options_(options),
      dialect_(dialect),
      letters_(dialect),
      records_(&records),
      cpu_width_(TextBuffer::decimal_digits(sources.cpus == 0 ? 0 : sources.cpus - 1)),
      duration_shown_(options.funcgraph_duration && options.context_info) {
  if (const EventFormat* const exit = formats.find("ftrace", "funcgraph_exit")) {
    if (const EventField* const lazy = exit->find("common_preempt_lazy_count"))
      lazy_offset_ = lazy->offset;
  }
}

std::uint32_t GraphText::word(const RawRecord& record, std::uint32_t at) const noexcept {
  return detail::load<std::uint32_t>(record.data + at, layout_.swap);
}

std::uint64_t GraphText::wide(const RawRecord& record, std::uint32_t at) const noexcept {
  return detail::load<std::uint64_t>(record.data + at, layout_.swap);
}

std::uint64_t GraphText::long_at(const RawRecord& record, std::uint32_t at) const noexcept {
  return layout_.long_size == 8 ? wide(record, at) : word(record, at);
}

GraphText::Cpu& GraphText::cpu_of(std::uint32_t number) {
  if (number != last_number_ || last_cpu_ == nullptr) [[unlikely]] {
    last_cpu_ = &cpus_[number];
    last_number_ = number;
  }
  return *last_cpu_;
}

bool GraphText::append(const RawRecord& record, const RawRecord* next, TextBuffer& out) {
  if (record.size < layout_.pid + sizeof(std::int32_t)) {
    PrintGaps gaps;
    gaps.add(PrintGap::short_record);
    records_->count(record.id, gaps);
    return true;
  }
  const auto whole = [&](std::uint32_t needed) {
    if (record.size >= needed) [[likely]]
      return true;
    PrintGaps gaps;
    gaps.add(PrintGap::short_record);
    records_->count(record.id, gaps);
    return false;
  };
  if (record.id == layout_.exit.id) {
    if (whole(layout_.exit.min_size))
      exit(record, out);
    return true;
  }
  if (record.id == layout_.entry.id || record.id == layout_.retaddr_entry.id) {
    const Layout::Entry& layout = record.id == layout_.entry.id ? layout_.entry : layout_.retaddr_entry;
    if (whole(layout.min_size))
      entry(layout, record, next, out);
    return true;
  }
  if (record.id == layout_.function || record.id == layout_.kernel_stack)
    return false;
  comment(record, out);
  return true;
}

bool GraphText::in_interrupt(std::uint64_t function) const {
  return sources_->irqentry_text.contains(function);
}

bool GraphText::hidden_entry(Cpu& cpu, std::uint64_t function, std::uint32_t depth) const {
  if (options_.funcgraph_irqs)
    return false;
  if (cpu.irq_depth >= 0)
    return true;
  if (!in_interrupt(function))
    return false;
  cpu.irq_depth = depth;
  return true;
}

bool GraphText::hidden_exit(Cpu& cpu, std::uint32_t depth) const {
  if (options_.funcgraph_irqs || cpu.irq_depth < 0)
    return false;
  if (cpu.irq_depth >= depth)
    cpu.irq_depth = -1;
  return true;
}

void GraphText::entry(const Layout::Entry& layout, const RawRecord& record, const RawRecord* next, TextBuffer& out) {
  const Layout::Exit& exit_layout = layout_.exit;
  Cpu& cpu = cpu_of(record.cpu);
  cpu.leaf_open = false;
  const std::uint64_t function = long_at(record, layout.func);
  const std::uint32_t depth = word(record, layout.depth);
  if (hidden_entry(cpu, function, depth))
    return;
  banner(record, cpu, pid_of(record), out);
  if (in_interrupt(function))
    interrupt(record, true, out);
  columns(record, out);
  const bool leaf = next != nullptr && next->id == exit_layout.id && next->size >= exit_layout.min_size &&
                    long_at(*next, exit_layout.func) == function && pid_of(*next) == pid_of(record);
  cpu.leaf_open = leaf;
  cpu.depth = static_cast<std::int32_t>(std::min<std::uint32_t>(depth, kMostIndent)) - (leaf ? 1 : 0);
  if (depth < kKnownDepths)
    cpu.entered[depth] = leaf ? 0 : function;
  if (leaf)
    duration(wide(*next, exit_layout.rettime) - wide(*next, exit_layout.calltime), out);
  else
    no_duration(out);
  indent(depth, out);
  out.append(records_->function_name(function));
  append_args(layout, record, function, out);
  out.append(leaf ? ";" : " {");
  const bool caller = options_.funcgraph_retaddr && layout.return_address != Layout::kNone;
  const bool returned = leaf && options_.funcgraph_retval && exit_layout.retval != Layout::kNone;
  if (caller || returned) {
    out.append(" /*");
    if (caller) {
      out.append(" <-");
      records_->append_caller(long_at(record, layout.return_address), out);
    }
    if (returned)
      append_retval(long_at(*next, exit_layout.retval), out);
    out.append(" */");
  }
  out.append('\n');
  if (leaf && in_interrupt(function))
    interrupt(record, false, out);
}

void GraphText::exit(const RawRecord& record, TextBuffer& out) {
  const Layout::Exit& layout = layout_.exit;
  Cpu& cpu = cpu_of(record.cpu);
  if (std::exchange(cpu.leaf_open, false))
    return;
  const std::uint64_t function = long_at(record, layout.func);
  const std::uint32_t depth = word(record, layout.depth);
  if (hidden_exit(cpu, depth))
    return;
  cpu.depth = static_cast<std::int32_t>(std::min<std::uint32_t>(depth, kMostIndent)) - 1;
  bool matches = true;
  if (depth < kKnownDepths)
    matches = std::exchange(cpu.entered[depth], 0) == function;
  prologue(record, cpu, out);
  duration(wide(record, layout.rettime) - wide(record, layout.calltime), out);
  indent(depth, out);
  const bool returned = options_.funcgraph_retval && layout.retval != Layout::kNone;
  out.append('}');
  if (returned || !matches || options_.funcgraph_tail) {
    out.append(" /* ");
    out.append(records_->function_name(function));
    if (returned)
      append_retval(long_at(record, layout.retval), out);
    out.append(" */");
  }
  out.append('\n');
  if (options_.funcgraph_overrun && layout.overrun != Layout::kNone) {
    out.append(" (Overruns: ");
    out.decimal(layout.overrun_size == 8 ? wide(record, layout.overrun) : word(record, layout.overrun));
    out.append(")\n");
  }
  if (in_interrupt(function))
    interrupt(record, false, out);
}

void GraphText::comment(const RawRecord& record, TextBuffer& out) {
  Cpu& cpu = cpu_of(record.cpu);
  cpu.leaf_open = false;
  prologue(record, cpu, out);
  no_duration(out);
  if (cpu.depth > 0)
    indent(static_cast<std::uint64_t>(cpu.depth) + 1, out);
  out.append("/* ");
  records_->append(record, true, out);
  if (out.view().ends_with('\n'))
    out.truncate(out.size() - 1);
  out.append(" */\n");
}

void GraphText::prologue(const RawRecord& record, Cpu& cpu, TextBuffer& out) {
  banner(record, cpu, pid_of(record), out);
  columns(record, out);
}

// Time, CPU, task and flags, as far as they are shown.
void GraphText::columns(const RawRecord& record, TextBuffer& out) {
  if (!options_.context_info)
    return;
  if (options_.funcgraph_abstime) {
    // Cut, not rounded, and always divided as nanoseconds.
    out.decimal(record.time / kSecond, 5);
    char* const at = out.reserve(7);
    *at = '.';
    out.commit(TextBuffer::write_decimal(at + 1, record.time % kSecond / kMicro, 6));
    out.append(" |  ");
  }
  if (options_.funcgraph_cpu)
    append_cpu(record.cpu, out);
  if (options_.funcgraph_proc) {
    append_task(pid_of(record), out);
    out.append(" | ");
  }
  if (options_.latency_format) {
    constexpr std::uint32_t kFlags = 2;
    constexpr std::uint32_t kPreemptCount = 3;
    const auto byte = [&](std::uint32_t at) {
      return at < record.size ? static_cast<std::uint8_t>(record.data[at]) : std::uint8_t{0};
    };
    out.append(' ');
    letters_.append(out, byte(kFlags), byte(kPreemptCount), lazy_offset_ ? byte(*lazy_offset_) : std::uint8_t{0});
    out.append(" | ");
  }
}

void GraphText::append_cpu(std::uint32_t cpu, TextBuffer& out) const {
  out.append(' ');
  out.decimal(cpu, cpu_width_);
  out.append(") ");
}

// The name's first seven bytes and the number, in the midst of 14 columns.
void GraphText::append_task(std::int32_t pid, TextBuffer& out) {
  constexpr std::size_t kName = 7;
  constexpr std::size_t kColumn = 14;
  out.append(tasks_.get(static_cast<std::uint32_t>(pid), scratch_, [&](TextBuffer& text) {
    const std::string_view comm = sources_->tasks.find(pid).substr(0, kName);
    const std::size_t start = text.size();
    text.signed_decimal(pid);
    const std::size_t length = comm.size() + 1 + text.size() - start;
    text.truncate(start);
    const std::size_t blanks = length < kColumn ? kColumn - length : 0;
    text.append(blanks / 2, ' ');
    text.append(comm);
    text.append('-');
    text.signed_decimal(pid);
    text.append(blanks - blanks / 2, ' ');
  }));
}

// Where the lines of a CPU go on with another task.
void GraphText::banner(const RawRecord& record, Cpu& cpu, std::int32_t pid, TextBuffer& out) {
  if (cpu.known && cpu.pid == pid) [[likely]]
    return;
  const std::int32_t before = std::exchange(cpu.pid, pid);
  if (!std::exchange(cpu.known, true))
    return;
  constexpr std::string_view kRule = " ------------------------------------------\n";
  out.append(kRule);
  append_cpu(record.cpu, out);
  append_task(before, out);
  out.append(" => ");
  append_task(pid, out);
  out.append('\n');
  out.append(kRule);
  out.append('\n');
}

void GraphText::interrupt(const RawRecord& record, bool entering, TextBuffer& out) {
  columns(record, out);
  if (duration_shown_)
    out.append("  ");
  out.append(entering ? "==========>" : "<==========");
  if (duration_shown_)
    out.append(" |");
  out.append('\n');
}

void GraphText::no_duration(TextBuffer& out) const {
  if (duration_shown_)
    out.append("              |  ");
}

// Microseconds with as many digits behind the point as make seven in all, and a mark before.
void GraphText::duration(std::uint64_t nanoseconds, TextBuffer& out) const {
  if (!duration_shown_)
    return;
  constexpr std::size_t kDigits = 7;
  const std::uint64_t micros = nanoseconds / kMicro;
  const std::uint64_t rest = nanoseconds % kMicro;
  char* at = out.reserve(48);
  *at++ = options_.funcgraph_overhead ? mark_of(nanoseconds) : ' ';
  *at++ = ' ';
  char* const number = at;
  at = TextBuffer::write_decimal(at, micros);
  auto length = static_cast<std::size_t>(at - number);
  if (length < kDigits) {
    const std::size_t behind = std::min<std::size_t>(3, kDigits - length);
    *at++ = '.';
    at = TextBuffer::write_decimal(at, behind == 3 ? rest : behind == 2 ? rest / 10 : rest / 100, behind);
    length += behind + 1;
  }
  constexpr std::string_view kUnit = " us ";
  at = std::ranges::copy(kUnit, at).out;
  while (length++ < kDigits + 1)
    *at++ = ' ';
  constexpr std::string_view kEnd = "|  ";
  out.commit(std::ranges::copy(kEnd, at).out);
}

void GraphText::append_retval(std::uint64_t retval, TextBuffer& out) const {
  constexpr std::uint64_t kFirstError = 0xffff'ffff'ffff'f001;
  // A 32-bit error code in a wide register is one, too.
  const bool narrow = retval >> 32U == 0 && (retval >> 31U & 1U) != 0;
  const std::uint64_t code = narrow ? retval | 0xffff'ffff'0000'0000U : retval;
  out.append(dialect_.retval_named ? " ret=" : " = ");
  if (!options_.funcgraph_retval_hex && code >= kFirstError)
    return out.signed_decimal(static_cast<std::int64_t>(code));
  out.append("0x");
  out.hex(retval);
}

void GraphText::append_args(const Layout::Entry& layout, const RawRecord& record, std::uint64_t function,
                            TextBuffer& out) {
  const std::size_t needed = std::size_t{layout.args} + kRecordedArguments * layout_.long_size;
  if (layout.args == Layout::kNone || record.size < needed) [[likely]]
    return out.append("()");
  std::array<std::uint64_t, kRecordedArguments> registers{};
  for (std::uint32_t i = 0; i < registers.size(); ++i)
    registers[i] = long_at(record, layout.args + i * layout_.long_size);
  records_->append_call(record.id, function, registers, out);
}

void GraphText::append_columns(std::string& out) const {
  struct Column {
    bool shown;
    std::string_view name;
    std::string_view below;
  };
  const std::array columns = {Column{options_.funcgraph_abstime, "     TIME       ", "      |         "},
                              Column{options_.funcgraph_cpu, " CPU", " |  "},
                              Column{options_.funcgraph_proc, "  TASK/PID       ", "   |    |        "},
                              Column{options_.latency_format, "||||   ", "||||   "},
                              Column{options_.funcgraph_duration, "  DURATION   ", "   |   |      "},
                              Column{true, "               FUNCTION CALLS\n", "               |   |   |   |\n"}};
  out += '#';
  for (const Column& column : columns)
    out += column.shown ? column.name : std::string_view();
  out += '#';
  for (const Column& column : columns)
    out += column.shown ? column.below : std::string_view();
}

}  // namespace fathom::output
