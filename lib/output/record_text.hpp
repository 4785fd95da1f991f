#pragma once

#include "text_cache.hpp"

#include <fathom/base/text_buffer.hpp>
#include <fathom/output/trace_text_options.hpp>
#include <fathom/output/trace_text_printer.hpp>
#include <fathom/rawtrace/field_reader.hpp>
#include <fathom/rawtrace/format_registry.hpp>
#include <fathom/rawtrace/print_format.hpp>
#include <fathom/rawtrace/raw_record.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fathom::output {

/// In which way the kernel prints an event's records.
enum class RecordKind : std::uint8_t {
  formatted,  // by its `print fmt`
  syscall_enter,
  syscall_exit,
  probe,         // kprobe, uprobe, fprobe: what follows the address by its `print fmt`
  return_probe,  // the same, with two addresses
  function,
  func_repeats,
  kernel_stack,
  user_stack,
  print,
  bputs,
  bprint,
  raw_data,
  context_switch,
  wakeup,
  hwlat,
  osnoise,
  timerlat,
  unknown,  // no format
};

/// The text of records: all that follows the prefix of a line.
class RecordText {
 public:
  RecordText(const FormatRegistry& formats, const TraceTextSources& sources, const TraceTextOptions& options,
             const TraceTextDialect& dialect);

  /// Adds the text of a record with the newlines that the kernel ends it with. With `message_only` a marker's is its
  /// message alone.
  void append(const RawRecord& record, bool message_only, TextBuffer& out);
  [[nodiscard]] RecordKind kind_of(const RawRecord& record) { return event_of(record.id).kind; }
  /// The name of a function as the graph has it.
  [[nodiscard]] std::string_view function_name(std::uint64_t address);
  /// `vfs_read+0x4/0x370`, with its address where the options want it.
  void append_caller(std::uint64_t address, TextBuffer& out);
  /// ` 1234.567890`, or the bare number of a clock that counts no time.
  void append_time(std::uint64_t time, TextBuffer& out) const;
  /// The arguments of a call, in brackets.
  void append_call(std::uint16_t id, std::uint64_t function, std::span<const std::uint64_t> registers, TextBuffer& out);
  [[nodiscard]] std::vector<PrintGapCount> gaps() const;
  void count(std::uint16_t id, PrintGaps gaps);

 private:
  static constexpr std::size_t kMaxNumbers = 9;
  using Bytes = std::span<const std::byte>;

  struct Event {
    const EventFormat* format = nullptr;
    RecordKind kind = RecordKind::unknown;
    std::string head;  // `sched_switch: `, `sys_write(`
    std::optional<PrintFormat> print;
    std::array<std::optional<FieldReader<std::uint64_t>>, kMaxNumbers> numbers;
    std::optional<FieldReader<Bytes>> rest;
    std::uint32_t rest_offset = 0;
    std::array<std::uint64_t, kPrintGaps.size()> gaps{};
  };

  Event& event_of(std::uint16_t id) {
    if (id < events_.size() && events_[id]) [[likely]]
      return *events_[id];
    return make_event(id);
  }
  Event& make_event(std::uint16_t id);
  void formatted(Event& event, const RawRecord& record, TextBuffer& out);
  void syscall_enter(Event& event, const RawRecord& record, TextBuffer& out);
  void syscall_argument(const Event& event, std::size_t at, Bytes record, TextBuffer& out);
  void openat(Event& event, Bytes record, TextBuffer& out);
  void probe(Event& event, const RawRecord& record, TextBuffer& out);
  void function(const Event& event, std::uint16_t id, Bytes record, TextBuffer& out);
  void stack(const Event& event, const RawRecord& record, TextBuffer& out);
  void user_stack(const Event& event, Bytes record, TextBuffer& out);
  void marker(Event& event, Bytes record, bool message_only, TextBuffer& out);
  void raw_data(const Event& event, const RawRecord& record, TextBuffer& out);
  void switched(const Event& event, Bytes record, TextBuffer& out);
  void noise(const Event& event, Bytes record, TextBuffer& out);
  void latency(const Event& event, Bytes record, TextBuffer& out);
  void timer_latency(const Event& event, Bytes record, TextBuffer& out);
  /// A field; 0, and a gap, where the record ends before it.
  [[nodiscard]] std::uint64_t number(const Event& event, std::size_t at, Bytes record);
  void append_ip(std::uint64_t address, TextBuffer& out) { append_symbol(address, options_.sym_offset, out); }
  void append_symbol(std::uint64_t address, bool with_offset, TextBuffer& out);

  const FormatRegistry* formats_;
  const TraceTextSources* sources_;
  TraceTextOptions options_;
  TraceTextDialect dialect_;
  PrintSources print_sources_;
  std::vector<std::unique_ptr<Event>> events_;
  TextCache plain_names_;  // without the module
  TextCache offset_names_;
  TextCache graph_names_;
  TextBuffer scratch_;
  PrintGaps missed_;  // by the record at hand
};

}  // namespace fathom::output
