// FunctionGraphParser on any bytes: nothing is lost from the account, and any cutting gives what the whole gives.

#include <fathom/graph/function_graph_parser.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <type_traits>
#include <vector>

namespace {

using namespace fathom;

void require(bool holds) {
  if (!holds)
    std::abort();
}

// One number for all that a run gave, in its order.
class DigestSink {
 public:
  FunctionTable& functions() { return functions_; }

  void on(const GraphEntry& e) {
    start(1, e.context);
    add(static_cast<std::uint64_t>(e.function));
    add(e.depth);
    add(e.leaf);
    add(e.args);
    add(e.caller);
  }
  void on(const GraphExit& e) {
    start(2, e.context);
    add(static_cast<std::uint64_t>(e.function));
    add(e.depth);
    add(e.leaf);
    add(e.duration.value_or(Duration{-1}).count());
    add(e.precision.count());
    add(e.retval.value_or(7));
    add(e.overruns.value_or(7));
  }
  void on(const TaskChange& e) {
    start(3, {e.cpu, {}, e.previous, {}});
    add(e.next);
  }
  void on(const RecordingStart&) { add(4); }
  void on(const Loss& e) {
    start(5, {e.cpu, {}, {}, {}});
    add(e.events.value_or(7));
  }
  void on(const GraphComment& e) {
    start(6, e.context);
    add(e.text);
  }
  void on(const IrqMark& e) {
    start(7, e.context);
    add(e.entering);
  }
  void on(const TextRecord& e) {
    start(8, e.context);
    add(e.text);
  }
  void on(const StackFrame& e) {
    add(9);
    add(e.text);
  }

  // The names are looked at here: ids are in order of appearance.
  [[nodiscard]] std::uint64_t digest() {
    for (std::uint32_t i = 0; i < functions_.size(); ++i) {
      add(functions_[FunctionId{i}].name);
      add(functions_[FunctionId{i}].module);
    }
    return digest_;
  }

 private:
  template <class Number>
    requires std::is_arithmetic_v<Number>
  void add(Number value) {
    digest_ = (digest_ ^ static_cast<std::uint64_t>(value)) * 0x9e37'79b9'7f4a'7c15U;
    digest_ ^= digest_ >> 32U;
  }
  void add(std::string_view text) {
    add(text.size());
    for (const char c : text)
      add(c);
  }
  void add(const Task& task) {
    add(task.pid);
    add(task.comm);
  }
  void start(int kind, const EventContext& context) {
    add(kind);
    add(context.cpu.value_or(0xffff'ffffU));
    add(context.time.value_or(Timestamp{7}).nanoseconds);
    add(context.task.value_or(Task{-1, "none"}));
    const LatencyFlags f = context.flags.value_or(LatencyFlags{});
    for (const char c : {f.irqs, f.need_resched, f.need_resched_lazy, f.context, f.preempt_depth, f.preempt_lazy_depth,
                         f.migrate_disable})
      add(c);
  }

  FunctionTable functions_;
  std::uint64_t digest_ = 0;
};

struct Run {
  FunctionGraphParser parser;
  DigestSink sink;

  // Each piece stands in memory of its own size, so that a read beyond it is seen.
  void feed(std::string_view piece) {
    const std::vector<char> copy(piece.begin(), piece.end());
    parser.feed({copy.data(), copy.size()}, sink);
    check_account();
  }
  void check_account() const {
    const ParseStats stats = parser.stats();
    require(stats.bytes == stats.parsed_bytes + stats.skipped_bytes);
    require(stats.records == stats.parsed_records + stats.skipped_records());
    require(stats.parsed_records == parser.lines().total());
    require(stats.first_bad.has_value() == (stats.skipped_records() != 0));
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The first byte says how to cut.
  if (size == 0)
    return 0;
  const std::size_t step = 1 + data[0] % 61U;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);

  Run whole;
  whole.feed(text);
  whole.parser.finish(whole.sink);
  whole.check_account();
  const ParseStats stats = whole.parser.stats();
  require(stats.bytes == text.size());

  Run cut;
  for (std::size_t at = 0; at < text.size(); at += step)
    cut.feed(text.substr(at, step));
  cut.parser.finish(cut.sink);
  cut.check_account();
  const ParseStats cut_stats = cut.parser.stats();
  require(cut.sink.digest() == whole.sink.digest());
  require(cut_stats.bytes == stats.bytes && cut_stats.skipped_bytes == stats.skipped_bytes);
  require(cut_stats.skipped_records_by_reason == stats.skipped_records_by_reason);
  if (stats.first_bad)
    require(cut_stats.first_bad->offset == stats.first_bad->offset &&
            cut_stats.first_bad->number == stats.first_bad->number);
  return 0;
}
