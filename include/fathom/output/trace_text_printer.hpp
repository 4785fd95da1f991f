#pragma once

#include <fathom/btf/btf.hpp>
#include <fathom/event/events.hpp>
#include <fathom/output/trace_text_options.hpp>
#include <fathom/rawtrace/address_names.hpp>
#include <fathom/rawtrace/format_registry.hpp>
#include <fathom/rawtrace/print_format.hpp>
#include <fathom/rawtrace/printk_formats.hpp>
#include <fathom/rawtrace/raw_record.hpp>
#include <fathom/rawtrace/task_names.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {

/// Addresses from `begin` on and before `end`.
struct AddressRange {
  std::uint64_t begin = 0;  ///< the first
  std::uint64_t end = 0;    ///< behind the last

  /// Whether it is in.
  [[nodiscard]] bool contains(std::uint64_t address) const noexcept { return address >= begin && address < end; }
  friend bool operator==(const AddressRange&, const AddressRange&) = default;
};

/// What a TraceTextPrinter looks things up in. All of it may be left out.
struct TraceTextSources {
  AddressNames symbols;  ///< of functions; what it refers to must outlive the printer
  TaskNames tasks;       ///< names, and the thread groups for the option `record-tgid`
  /// The kernel's types: names and kinds of the arguments that functions were recorded with (Linux 6.15). Without them
  /// the brackets are empty, as where the kernel has none. What it points to must outlive the printer.
  const Btf* types = nullptr;
  PrintkFormats strings;       ///< texts that records hold only the address of
  AddressRange irqentry_text;  ///< `__irqentry_text_start` to `__irqentry_text_end`: functions with an arrow in a graph
  std::uint32_t cpus = 1;      ///< possible CPUs: the graph's column of CPUs is as wide as the highest number
  /// Of all CPUs, as `per_cpu/cpuN/stats` says: where there are any, the kernel marks where each CPU's events begin.
  std::uint64_t overruns = 0;
};

/// How many lines of an event are not the kernel's, and why.
struct PrintGapCount {
  std::string system;       ///< `kmem`; empty for a number without a format
  std::string event;        ///< `kfree`
  PrintGap gap{};           ///< why
  std::uint64_t lines = 0;  ///< of this event, with this gap

  friend bool operator==(const PrintGapCount&, const PrintGapCount&) = default;
};

/// Prints the records of a ring buffer as the kernel does in `trace` and `trace_pipe`: byte for byte the same text.
///
///     TraceTextPrinter printer(formats, {.symbols = AddressNames(symbols), .tasks = names}, options,
///                              [](std::string_view text) { std::cout << text; });
///     std::cout << printer.header(entries, written);   // `trace` has one, `trace_pipe` has none
///     EventMerger merger(formats);
///     for (const auto& [cpu, pages] : buffers) merger.add(cpu, pages);
///     merger.drain(printer);
///     printer.finish();
///     for (const PrintGapCount& gap : printer.gaps()) ...     // what could not be as the kernel printed it
///
/// A RecordSink. Lines of Linux 6.1, the default ones and those of function_graph:
///
///               ls-168     [000] d..2.    37.719124: sched_wakeup: comm=ls pid=9 prio=120 target_cpu=000
///      0) + 23.352 us   |  mutex_unlock();
///
/// All events go by their `print fmt` (PrintFormat), except those that the kernel prints by code: system calls, probes,
/// and ftrace's own. Text goes to `write` in pieces of whole lines, some 64 KiB each, and the rest at finish(). Nothing
/// is allocated for a line, once each event, task and address was seen.
///
/// Records are never trusted. One that is shorter than its event needs is printed as far as it goes and counted; in a
/// graph, an entry or exit of a function, or a record without a pid, is then left out and counted. The formats must
/// outlive the printer. Memory: 1 to 5 KiB an event that occurs, 100 bytes an address, a task, a CPU. What `write`
/// throws passes through. One thread at a time.
class TraceTextPrinter {
 public:
  /// What takes the text.
  using Write = std::function<void(std::string_view)>;

  /// For records of these formats; the dialect is that of the formats. Throws Error where the options ask for a graph
  /// and the formats of function_graph's entry and exit are missing, or not as this library knows them.
  TraceTextPrinter(const FormatRegistry& formats, TraceTextSources sources, TraceTextOptions options, Write write);
  /// The same, in another dialect.
  TraceTextPrinter(const FormatRegistry& formats, TraceTextSources sources, TraceTextOptions options,
                   TraceTextDialect dialect, Write write);
  ~TraceTextPrinter();
  TraceTextPrinter(TraceTextPrinter&&) noexcept;
  TraceTextPrinter& operator=(TraceTextPrinter&&) noexcept;
  TraceTextPrinter(const TraceTextPrinter&) = delete;
  TraceTextPrinter& operator=(const TraceTextPrinter&) = delete;

  /// Prints a record; `next` is the one that follows on the same CPU. What PageDecoder and EventMerger call.
  void on(const RawRecord& record, const RawRecord* next);
  /// Prints `CPU:0 [LOST 5 EVENTS]`, as `trace_pipe` does; `trace` has no such lines.
  void on(const Loss& loss);
  /// Gives the rest of the text to `write`.
  void finish();

  /// The lines that `trace` begins with, up to the first record: `entries` of `written` are left in the buffer.
  /// `tracer` is the name of the tracer; empty for `nop`, or `function_graph` with that option.
  [[nodiscard]] std::string header(std::uint64_t entries, std::uint64_t written, std::string_view tracer = {}) const;

  /// The text of a record alone, what follows `: ` of the default line, without the newline. Good until the next call
  /// of anything.
  [[nodiscard]] std::string_view text_of(const RawRecord& record);

  /// The text of a record as it stands in a comment of a graph: that of a marker is its message alone. Good until the
  /// next call of anything. What GraphDecoder::comment_with() takes.
  [[nodiscard]] std::string_view comment_of(const RawRecord& record);

  /// How many records were printed.
  [[nodiscard]] std::uint64_t records() const noexcept;
  /// What is not as the kernel printed it, in order of the events' numbers.
  [[nodiscard]] std::vector<PrintGapCount> gaps() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fathom
