#pragma once

#include <fathom/base/parse_stats.hpp>
#include <fathom/event/events.hpp>
#include <fathom/event/sink.hpp>
#include <fathom/rawtrace/address_names.hpp>
#include <fathom/rawtrace/detail/function_cache.hpp>
#include <fathom/rawtrace/detail/graph_record_layout.hpp>
#include <fathom/rawtrace/detail/raw_bytes.hpp>
#include <fathom/rawtrace/format_registry.hpp>
#include <fathom/rawtrace/raw_record.hpp>
#include <fathom/rawtrace/task_names.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace fathom {

/// Makes the events of a function graph out of its raw records: those that FunctionGraphParser makes out of the text of
/// the same buffer, with times to the nanosecond.
///
///     const auto symbols = KallsymsIndex::load();
///     CallForest forest;
///     GraphDecoder graph(formats, symbols, forest, names);  // a FormatRegistry; names: TaskNames
///     EventMerger merger(formats);
///     for (const auto& [cpu, pages] : buffers) merger.add(cpu, pages);
///     merger.drain(graph);
///     forest.finish();
///
/// A RecordSink in front of a GraphSink. Records of every layout from Linux 4.4 to 7.3, with funcgraph-retaddr and
/// funcgraph-args too; where the fields are, the formats say. An entry whose exit is the next record of its CPU is a
/// `leaf`, as in text; both are given at the entry. Each event has CPU, time and task; an exit has duration and
/// overruns, and `retval` where the kernel records it. A TaskChange comes where text has its banner. Arguments and
/// return addresses come as numbers. Function names are those of the addresses, each looked up once; an address that
/// nobody knows is named `0x...`. What text prints as comments, stacks and other lines is given on as RawRecord if the
/// sink has `on(const RawRecord&)`, and comments as text with comment_with(). Irq arrows are not made.
///
/// The sink must outlive the decoder and stay where it is; symbols and names are kept as copies. Records are never
/// trusted: one too short for its fields is counted (`short_event`). Memory: 32 bytes a function, 100 a CPU. Not safe
/// to share between threads.
template <AddressLookup Symbols, GraphSink Sink>
class GraphDecoder {
 public:
  /// Throws Error (std::errc::invalid_argument) if `formats` lacks function_graph's, or these lack a field.
  GraphDecoder(const FormatRegistry& formats, const Symbols& symbols, Sink& sink, TaskNames tasks = {})
      : layout_(detail::GraphRecordLayout::of(formats)), symbols_(symbols), tasks_(std::move(tasks)), sink_(&sink) {}

  /// Gives comments, too, if the sink takes GraphComment: `text(record)` is what the kernel would print between the
  /// signs, as TraceTextPrinter::comment_of(). Of all records that are not function_graph's, functions or stacks.
  void comment_with(std::function<std::string_view(const RawRecord&)> text) { comment_text_ = std::move(text); }

  /// Takes a record, and the next one of its CPU if it is known. What PageDecoder and EventMerger call.
  void on(const RawRecord& record, const RawRecord* next) {
    bytes_ += record.size;
    if (record.id == layout_.exit.id)
      leave(record);
    else if (record.id == layout_.entry.id)
      enter(layout_.entry, record, next);
    else if (record.id == layout_.retaddr_entry.id)
      enter(layout_.retaddr_entry, record, next);
    else
      give_other(record);
  }
  /// Gives it on.
  void on(const Loss& loss) { offer(*sink_, loss); }

  /// What was understood and what was not; records of other events count as understood.
  [[nodiscard]] ParseStats stats() const {
    ParseStats stats = skipped_;
    stats.bytes = bytes_;
    stats.parsed_bytes = bytes_ - stats.skipped_bytes;
    stats.parsed_records = parsed_;
    stats.records = parsed_ + stats.skipped_records();
    return stats;
  }

 private:
  using Layout = detail::GraphRecordLayout;
  static constexpr std::size_t kMaxArgs = 6;  // the kernel records no more (FTRACE_REGS_MAX_ARGS)

  struct Cpu {
    bool known = false;      // whose record the last one was
    bool leaf_open = false;  // its exit was given with its entry
    Task task;
  };

  [[nodiscard]] std::uint32_t word(const RawRecord& record, std::uint32_t offset) const noexcept {
    return detail::load<std::uint32_t>(record.data + offset, layout_.swap);
  }
  [[nodiscard]] std::uint64_t wide(const RawRecord& record, std::uint32_t offset) const noexcept {
    return detail::load<std::uint64_t>(record.data + offset, layout_.swap);
  }
  [[nodiscard]] std::uint64_t long_at(const RawRecord& record, std::uint32_t offset) const noexcept {
    return layout_.long_size == 8 ? wide(record, offset) : word(record, offset);
  }
  [[nodiscard]] std::int32_t pid_of(const RawRecord& record) const noexcept {
    return static_cast<std::int32_t>(word(record, layout_.pid));
  }

  void enter(const Layout::Entry& layout, const RawRecord& record, const RawRecord* next) {
    if (record.size < layout.min_size) [[unlikely]]
      return skip(record);
    ++parsed_;
    const std::int32_t pid = pid_of(record);
    Cpu& cpu = cpu_of(record.cpu);
    set_task(cpu, record.cpu, pid);
    const std::uint64_t func = long_at(record, layout.func);
    set_context(entry_.context, record, cpu);
    entry_.function = function_at(func);
    entry_.depth = word(record, layout.depth);
    entry_.leaf = next != nullptr && next->id == layout_.exit.id && next->size >= layout_.exit.min_size &&
                  long_at(*next, layout_.exit.func) == func && pid_of(*next) == pid;
    if (layout.return_address != Layout::kNone)
      entry_.return_address = long_at(record, layout.return_address);
    else
      entry_.return_address.reset();
    entry_.raw_args = args_of(layout, record);
    cpu.leaf_open = entry_.leaf;
    sink_->on(entry_);
    if (entry_.leaf)
      give_exit(*next, cpu, entry_.function, true);
  }

  void leave(const RawRecord& record) {
    if (record.size < layout_.exit.min_size) [[unlikely]]
      return skip(record);
    ++parsed_;
    Cpu& cpu = cpu_of(record.cpu);
    if (std::exchange(cpu.leaf_open, false))
      return;
    set_task(cpu, record.cpu, pid_of(record));
    give_exit(record, cpu, function_at(long_at(record, layout_.exit.func)), false);
  }

  void give_exit(const RawRecord& record, const Cpu& cpu, FunctionId function, bool leaf) {
    const Layout::Exit& layout = layout_.exit;
    set_context(exit_.context, record, cpu);
    exit_.function = function;
    exit_.depth = word(record, layout.depth);
    exit_.leaf = leaf;
    exit_.duration = Duration{static_cast<std::int64_t>(wide(record, layout.rettime) - wide(record, layout.calltime))};
    if (layout.retval != Layout::kNone)
      exit_.retval = long_at(record, layout.retval);
    if (layout.overrun != Layout::kNone)
      exit_.overruns = layout.overrun_size == 8 ? wide(record, layout.overrun) : word(record, layout.overrun);
    sink_->on(exit_);
  }

  void give_other(const RawRecord& record) {
    if (record.size < layout_.pid + sizeof(std::int32_t))
      return skip(record);
    ++parsed_;
    // Those that text prints as lines of their own, without looking at the task.
    if (record.id != layout_.function && record.id != layout_.kernel_stack)
      set_task(cpu_of(record.cpu), record.cpu, pid_of(record));
    offer(*sink_, record);
    give_comment(record);
  }

  void give_comment(const RawRecord& record) {
    if constexpr (requires(const GraphComment& comment) { sink_->on(comment); }) {
      if (!comment_text_ || record.id == layout_.function || record.id == layout_.kernel_stack)
        return;
      GraphComment comment;
      set_context(comment.context, record, cpu_of(record.cpu));
      comment.text = comment_text_(record);
      sink_->on(comment);
    }
  }

  static void set_context(EventContext& context, const RawRecord& record, const Cpu& cpu) noexcept {
    context.cpu = record.cpu;
    context.time = record.timestamp();
    context.task = cpu.task;
  }

  Cpu& cpu_of(std::uint32_t number) {
    if (number != last_number_ || last_cpu_ == nullptr) [[unlikely]] {
      last_cpu_ = &cpus_[number];
      last_number_ = number;
    }
    return *last_cpu_;
  }

  void set_task(Cpu& cpu, std::uint32_t number, std::int32_t pid) {
    if (cpu.known && cpu.task.pid == pid) [[likely]]
      return;
    const Task before = cpu.task;
    cpu.task = Task{pid, tasks_.find(pid)};
    if (std::exchange(cpu.known, true))
      offer(*sink_, TaskChange{number, before, cpu.task});
  }

  FunctionId function_at(std::uint64_t address) {
    return functions_.get(address, [this](std::uint64_t unnamed) {
      FunctionTable& table = sink_->functions();
      if (const auto hit = symbols_.find(unnamed))
        return table.intern(hit->name(), hit->module());
      return detail::FunctionCache::intern_nameless(table, unnamed);
    });
  }

  std::span<const std::uint64_t> args_of(const Layout::Entry& layout, const RawRecord& record) noexcept {
    if (layout.args == Layout::kNone || record.size <= layout.args) [[likely]]
      return {};
    const std::size_t count = std::min<std::size_t>(kMaxArgs, (record.size - layout.args) / layout_.long_size);
    for (std::uint32_t i = 0; i < count; ++i)
      args_[i] = long_at(record, layout.args + i * layout_.long_size);
    return {args_.data(), count};
  }

  void skip(const RawRecord& record) {
    if (!skipped_.first_bad) {
      skipped_.first_bad = {parsed_ + 1, bytes_ - record.size, SkipReason::short_event, {}};
      skipped_.first_bad->text.assign(reinterpret_cast<const char*>(record.data),  // NOLINT: kept as it stands
                                      std::min<std::size_t>(record.size, ParseStats::kBadTextBytes));
    }
    skipped_.count_skipped(SkipReason::short_event, {}, record.size);
  }

  Layout layout_;
  Symbols symbols_;
  TaskNames tasks_;
  Sink* sink_;
  detail::FunctionCache functions_;
  std::function<std::string_view(const RawRecord&)> comment_text_;
  std::unordered_map<std::uint32_t, Cpu> cpus_;
  Cpu* last_cpu_ = nullptr;
  std::uint32_t last_number_ = 0;
  std::array<std::uint64_t, kMaxArgs> args_{};
  GraphEntry entry_;
  GraphExit exit_;
  ParseStats skipped_;
  std::uint64_t bytes_ = 0;
  std::uint64_t parsed_ = 0;
};

}  // namespace fathom
