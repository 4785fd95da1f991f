#pragma once

#include <fathom/base/parse_stats.hpp>
#include <fathom/event/sink.hpp>
#include <fathom/graph/detail/graph_text_reader.hpp>

#include <string_view>

namespace fathom {

/// Reads what the kernel's function_graph tracer prints, and gives it on as events.
///
///     FunctionGraphParser parser;
///     CallForest forest;
///     for (std::string_view chunk : chunks)  // pieces of `trace` or `trace_pipe`, of any size, cut anywhere
///       parser.feed(chunk, forest);
///     parser.finish(forest);
///     parser.stats().skipped_records();      // lines that were not understood
///
/// One line of input (Linux 6.12, funcgraph-abstime and funcgraph-proc on):
///
///      24.008501 |   0)    tw-168     | + 10.344 us   |          mutex_unlock();
///
/// It understands the text of Linux 4.4 to 7.3 with any set of options: cpu, overhead marks, proc, abstime,
/// latency-format, tail comments, irq arrows, overrun, retval, retaddr, args. Columns are found from the header lines
/// of `trace` where there are some, and from the lines themselves otherwise (`trace_pipe` has no header), also when an
/// option changes in the midst. Events and markers inside the graph, stack traces, process switches and lost-event
/// lines become events of their own. A stream of `raw`, `hex` or `bin` records of other tracers is not graph text and
/// is counted as such.
///
/// Bytes are never trusted: nothing throws for them, every line is either parsed or counted in `stats()` by reason, and
/// the result does not depend on how the input was cut. It keeps at most one line, or one comment of several lines,
/// between calls; lines above `kMaxLine` bytes are skipped. Only allocation failure and what the sink throws get
/// through.
///
/// Distinct parsers may run in distinct threads. Views in events are good until the sink's `on()` returns.
class FunctionGraphParser {
 public:
  /// The longest line that is read, in bytes. The kernel formats a line in a buffer of at most 8 KiB (TRACE_SEQ_SIZE).
  static constexpr std::size_t kMaxLine = 64UL * 1024;

  /// Reads on. What follows the last complete line waits for the next call; so does a closing brace at the very end,
  /// since the line after it may say its overruns.
  template <GraphSink Sink>
  void feed(std::string_view bytes, Sink& sink) {
    reader_.give(bytes);
    drain(sink);
  }

  /// Says that the input has ended: what waited is decided, and a last line without its newline is counted as cut.
  /// After it the parser may be fed again, as if the input had gone on with a new line.
  template <GraphSink Sink>
  void finish(Sink& sink) {
    reader_.give_end();
    drain(sink);
  }

  /// What was parsed and what was skipped so far.
  [[nodiscard]] ParseStats stats() const { return reader_.stats(); }
  /// The parsed lines by kind; their sum is `stats().parsed_records`.
  [[nodiscard]] const GraphLineCounts& lines() const noexcept { return reader_.lines(); }

 private:
  template <GraphSink Sink>
  void drain(Sink& sink) {
    using Step = detail::GraphTextReader::Step;
    FunctionTable& functions = sink.functions();
    while (true) {
      switch (reader_.next(functions)) {
        case Step::entry:
          sink.on(reader_.entry());
          break;
        case Step::leaf:
          sink.on(reader_.entry());
          sink.on(reader_.exit());
          break;
        case Step::exit:
          sink.on(reader_.exit());
          break;
        case Step::comment:
          offer(sink, reader_.comment());
          break;
        case Step::irq_mark:
          offer(sink, reader_.irq_mark());
          break;
        case Step::task_change:
          offer(sink, reader_.task_change());
          break;
        case Step::recording_start:
          offer(sink, RecordingStart{});
          break;
        case Step::loss:
          offer(sink, reader_.loss());
          break;
        case Step::text_record:
          offer(sink, reader_.text_record());
          break;
        case Step::stack_frame:
          offer(sink, reader_.stack_frame());
          break;
        case Step::nothing:
        case Step::no_graph_line:
        case Step::need_bytes:
          return;
      }
    }
  }

  detail::GraphTextReader reader_;
};

}  // namespace fathom
