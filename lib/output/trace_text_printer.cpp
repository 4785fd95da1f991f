#include "flag_letters.hpp"
#include "graph_text.hpp"
#include "line_legend.hpp"
#include "record_text.hpp"
#include "text_cache.hpp"

#include <fathom/output/trace_text_printer.hpp>
#include <fathom/rawtrace/detail/raw_bytes.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <unordered_set>
#include <utility>

namespace fathom {

namespace {

constexpr std::size_t kPiece = std::size_t{64} * 1024;

// Where the head of a record has what: fields that all events have.
struct HeadLayout {
  std::uint32_t flags = 2;
  std::uint32_t preempt_count = 3;
  std::uint32_t pid = 4;
  std::optional<std::uint32_t> lazy_count;

  static HeadLayout of(const FormatRegistry& formats) {
    HeadLayout layout;
    if (formats.formats().empty())
      return layout;
    const EventFormat& any = *formats.formats().front();
    const auto take = [&](std::string_view name, std::uint32_t& offset) {
      if (const EventField* const field = any.find(name))
        offset = field->offset;
    };
    take("common_flags", layout.flags);
    take("common_preempt_count", layout.preempt_count);
    take("common_pid", layout.pid);
    if (const EventField* const lazy = any.find("common_preempt_lazy_count"))
      layout.lazy_count = lazy->offset;
    return layout;
  }
};

}  // namespace

struct TraceTextPrinter::Impl {
  Impl(const FormatRegistry& formats, TraceTextSources given, const TraceTextOptions& chosen,
       const TraceTextDialect& spoken, Write taker)
      : sources(std::move(given)),
        options(chosen),
        dialect(spoken),
        write(std::move(taker)),
        head(HeadLayout::of(formats)),
        swap(formats.layout().byte_order != std::endian::native),
        letters(dialect),
        texts(formats, sources, options, dialect) {
    if (options.function_graph)
      graph.emplace(formats, sources, options, dialect, texts);
  }

  [[nodiscard]] std::uint8_t byte(const RawRecord& record, std::uint32_t at) const noexcept {
    return at < record.size ? static_cast<std::uint8_t>(record.data[at]) : std::uint8_t{0};
  }

  void print(const RawRecord& record, const RawRecord* next) {
    ++records;
    if (graph && graph->append(record, next, out))
      return;
    buffer_start(record.cpu);
    if (options.context_info)
      prefix(record);
    texts.append(record, false, out);
  }

  // Of every CPU but the first, where events were overwritten.
  void buffer_start(std::uint32_t cpu) {
    if (sources.overruns == 0 || !options.annotate || !started.insert(cpu).second)
      return;
    if (records > 1) {
      out.append("##### CPU ");
      out.decimal(cpu);
      out.append(" buffer started ####\n");
    }
  }

  // "              tw-162     (    162) [000] d..2.    25.006377: "
  void prefix(const RawRecord& record) {
    std::int32_t pid = 0;
    if (record.size >= head.pid + sizeof pid) [[likely]]
      pid = static_cast<std::int32_t>(detail::load<std::uint32_t>(record.data + head.pid, swap));
    out.append(tasks.get(static_cast<std::uint32_t>(pid), scratch, [&](TextBuffer& text) { task(pid, text); }));
    out.append('[');
    out.decimal(record.cpu, 3, '0');
    out.append("] ");
    if (options.irq_info)
      letters.append(out, byte(record, head.flags), byte(record, head.preempt_count),
                     head.lazy_count ? byte(record, *head.lazy_count) : std::uint8_t{0});
    texts.append_time(record.time, out);
    out.append(": ");
  }

  void task(std::int32_t pid, TextBuffer& text) const {
    constexpr std::size_t kComm = 16;
    const std::size_t width = dialect.wide_pid ? 7 : 5;
    const std::string_view comm = sources.tasks.find(pid);
    if (comm.size() < kComm)
      text.append(kComm - comm.size(), ' ');
    text.append(comm);
    text.append('-');
    const std::size_t start = text.size();
    text.signed_decimal(pid);
    if (text.size() - start < width)
      text.append(width - (text.size() - start), ' ');
    text.append(' ');
    if (!options.record_tgid)
      return;
    const auto tgid = sources.tasks.tgid(pid);
    text.append('(');
    if (tgid && *tgid != 0)
      text.decimal(static_cast<std::uint64_t>(*tgid), width);
    else
      text.append(width, '-');
    text.append(") ");
  }

  std::string_view text_alone(const RawRecord& record, bool message_only) {
    single.clear();
    texts.append(record, message_only, single);
    std::string_view text = single.view();
    if (text.ends_with('\n'))
      text.remove_suffix(1);
    return text;
  }

  void flush() {
    if (out.empty())
      return;
    write(out.view());
    out.clear();
  }

  TraceTextSources sources;
  TraceTextOptions options;
  TraceTextDialect dialect;
  Write write;
  HeadLayout head;
  bool swap;
  output::FlagLetters letters;
  output::RecordText texts;
  std::optional<output::GraphText> graph;
  output::TextCache tasks;
  TextBuffer out;
  TextBuffer scratch;
  TextBuffer single;
  std::unordered_set<std::uint32_t> started;
  std::uint64_t records = 0;
};

TraceTextPrinter::TraceTextPrinter(const FormatRegistry& formats, TraceTextSources sources, TraceTextOptions options,
                                   Write write)
    : TraceTextPrinter(formats, std::move(sources), options, TraceTextDialect::of(formats), std::move(write)) {}

TraceTextPrinter::TraceTextPrinter(const FormatRegistry& formats, TraceTextSources sources, TraceTextOptions options,
                                   TraceTextDialect dialect, Write write)
    : impl_(std::make_unique<Impl>(formats, std::move(sources), options, dialect, std::move(write))) {}

TraceTextPrinter::~TraceTextPrinter() = default;
TraceTextPrinter::TraceTextPrinter(TraceTextPrinter&&) noexcept = default;
TraceTextPrinter& TraceTextPrinter::operator=(TraceTextPrinter&&) noexcept = default;

void TraceTextPrinter::on(const RawRecord& record, const RawRecord* next) {
  impl_->print(record, next);
  if (impl_->out.size() >= kPiece) [[unlikely]]
    impl_->flush();
}

void TraceTextPrinter::on(const Loss& loss) {
  if (!loss.events && !impl_->dialect.mark_lost)
    return;
  TextBuffer& out = impl_->out;
  out.append("CPU:");
  out.decimal(loss.cpu.value_or(0));
  out.append(" [LOST ");
  if (loss.events) {
    out.decimal(*loss.events);
    out.append(' ');
  }
  out.append("EVENTS]\n");
}

void TraceTextPrinter::finish() {
  impl_->flush();
}

std::string_view TraceTextPrinter::text_of(const RawRecord& record) {
  return impl_->text_alone(record, false);
}

std::string_view TraceTextPrinter::comment_of(const RawRecord& record) {
  return impl_->text_alone(record, true);
}

std::uint64_t TraceTextPrinter::records() const noexcept {
  return impl_->records;
}

std::vector<PrintGapCount> TraceTextPrinter::gaps() const {
  return impl_->texts.gaps();
}

std::string TraceTextPrinter::header(std::uint64_t entries, std::uint64_t written, std::string_view tracer) const {
  const TraceTextOptions& options = impl_->options;
  const TraceTextDialect& dialect = impl_->dialect;
  if (tracer.empty())
    tracer = options.function_graph ? "function_graph" : "nop";
  std::string out = "# tracer: " + std::string(tracer) + "\n#\n";
  if (!options.context_info)
    return out;
  if (impl_->graph) {
    impl_->graph->append_columns(out);
    return out;
  }
  out += "# entries-in-buffer/entries-written: " + std::to_string(entries) + '/' + std::to_string(written) +
         "   #P:" + std::to_string(impl_->sources.cpus) + "\n#\n";
  output::append_legend(out, options, dialect);
  return out;
}

}  // namespace fathom
