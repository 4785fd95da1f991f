#pragma once

#include "flag_letters.hpp"
#include "record_text.hpp"
#include "text_cache.hpp"

#include <fathom/base/text_buffer.hpp>
#include <fathom/output/trace_text_options.hpp>
#include <fathom/output/trace_text_printer.hpp>
#include <fathom/rawtrace/detail/graph_record_layout.hpp>
#include <fathom/rawtrace/raw_record.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace fathom::output {

/// The lines of function_graph.
class GraphText {
 public:
  /// Throws Error if the formats lack function_graph's.
  GraphText(const FormatRegistry& formats, const TraceTextSources& sources, const TraceTextOptions& options,
            const TraceTextDialect& dialect, RecordText& records);

  /// Adds the lines of a record, if it has any here: false for those that have the default line also in a graph.
  bool append(const RawRecord& record, const RawRecord* next, TextBuffer& out);
  /// The two lines that name the columns.
  void append_columns(std::string& out) const;

 private:
  using Layout = detail::GraphRecordLayout;
  static constexpr std::size_t kKnownDepths = 50;  // kernel/trace/trace.h: FTRACE_RETFUNC_DEPTH

  struct Cpu {
    bool known = false;      // whose line the last one was
    bool leaf_open = false;  // its exit stands in its line
    std::int32_t pid = 0;
    std::int32_t depth = 0;       // of the last line, for comments
    std::int64_t irq_depth = -1;  // where an interrupt began that is not shown
    std::array<std::uint64_t, kKnownDepths> entered{};
  };

  void entry(const Layout::Entry& layout, const RawRecord& record, const RawRecord* next, TextBuffer& out);
  void exit(const RawRecord& record, TextBuffer& out);
  void comment(const RawRecord& record, TextBuffer& out);
  void prologue(const RawRecord& record, Cpu& cpu, TextBuffer& out);
  void columns(const RawRecord& record, TextBuffer& out);
  void banner(const RawRecord& record, Cpu& cpu, std::int32_t pid, TextBuffer& out);
  void interrupt(const RawRecord& record, bool entering, TextBuffer& out);
  void duration(std::uint64_t nanoseconds, TextBuffer& out) const;
  void no_duration(TextBuffer& out) const;
  void append_cpu(std::uint32_t cpu, TextBuffer& out) const;
  void append_task(std::int32_t pid, TextBuffer& out);
  void append_retval(std::uint64_t retval, TextBuffer& out) const;
  void append_args(const Layout::Entry& layout, const RawRecord& record, std::uint64_t function, TextBuffer& out);
  [[nodiscard]] bool in_interrupt(std::uint64_t function) const;
  [[nodiscard]] bool hidden_entry(Cpu& cpu, std::uint64_t function, std::uint32_t depth) const;
  [[nodiscard]] bool hidden_exit(Cpu& cpu, std::uint32_t depth) const;
  [[nodiscard]] Cpu& cpu_of(std::uint32_t number);

  [[nodiscard]] std::uint32_t word(const RawRecord& record, std::uint32_t at) const noexcept;
  [[nodiscard]] std::uint64_t wide(const RawRecord& record, std::uint32_t at) const noexcept;
  [[nodiscard]] std::uint64_t long_at(const RawRecord& record, std::uint32_t at) const noexcept;
  [[nodiscard]] std::int32_t pid_of(const RawRecord& record) const noexcept {
    return static_cast<std::int32_t>(word(record, layout_.pid));
  }

  Layout layout_;
  const TraceTextSources* sources_;
  TraceTextOptions options_;
  TraceTextDialect dialect_;
  FlagLetters letters_;
  RecordText* records_;
  std::optional<std::uint32_t> lazy_offset_;
  std::size_t cpu_width_ = 1;
  bool duration_shown_ = true;
  TextCache tasks_;
  TextBuffer scratch_;
  std::unordered_map<std::uint32_t, Cpu> cpus_;
  Cpu* last_cpu_ = nullptr;
  std::uint32_t last_number_ = 0;
};

}  // namespace fathom::output
