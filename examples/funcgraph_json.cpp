#include "funcgraph_json.hpp"

#include <fathom/graph/context_switches.hpp>
#include <fathom/graph/function_stats.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <string_view>

namespace funcgraph {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kFlushBytes = 64UL * 1024;

std::string dump(const Json& json) {
  // A task may have any bytes in its name.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json json_of(std::optional<fathom::Duration> duration) {
  return duration ? Json(duration->count()) : Json(nullptr);
}

Json json_of(const fathom::FunctionStat& f) {
  const auto if_timed = [&](fathom::Duration d) { return f.timed == 0 ? Json(nullptr) : Json(d.count()); };
  return {{"name", f.name},
          {"module", f.module},
          {"calls", f.calls},
          {"incomplete", f.incomplete},
          {"total_ns", f.total.count()},
          {"outermost_total_ns", f.outermost_total.count()},
          {"self_ns", f.self.count()},
          {"partial", f.partial},
          {"partial_self_ns", f.partial_self.count()},
          {"negative_self", f.negative_self},
          {"min_ns", if_timed(f.min)},
          {"mean_ns", if_timed(f.mean)},
          {"p50_ns", if_timed(f.p50)},
          {"p99_ns", if_timed(f.p99)},
          {"max_ns", if_timed(f.max)},
          {"log2_histogram", f.log2_histogram}};
}

// Of each symbol that the function may be.
Json json_of(const std::vector<fathom::Symbol>& symbols) {
  Json json = Json::array();
  for (const fathom::Symbol& symbol : symbols)
    json.push_back({{"name", symbol.name()},
                    {"address", fmt::format("{:#x}", symbol.address())},
                    {"type", std::string(1, symbol.type().letter())},
                    {"origin", fathom::to_string(symbol.origin())},
                    {"description", symbol.type().description(symbol.origin())}});
  return json;
}

Json json_of(const std::optional<fathom::Task>& task) {
  return task ? Json{{"pid", task->pid}, {"comm", task->comm}} : Json(nullptr);
}

Json json_of(const fathom::ContextSwitch& s) {
  return {{"task", json_of(s.tree.task())},
          {"next", json_of(s.next ? s.next->task() : std::nullopt)},
          {"cpu", s.call.cpu() ? Json(*s.call.cpu()) : Json(nullptr)},
          {"function", s.call.name()},
          {"switches", s.switches},
          {"basis", s.basis == fathom::SwitchBasis::bounds ? "bounds" : "entry_times"},
          {"total_ns", s.total.count()},
          {"off_cpu_ns", s.off_cpu.count()},
          {"cost_ns", s.cost().count()},
          {"before_ns", s.before.count()},
          {"after_ns", s.after.count()}};
}

Json json_of(const fathom::SwitchSummary& summary) {
  return {{"sum_ns", summary.sum.count()},
          {"min_ns", summary.min.count()},
          {"p50_ns", summary.p50.count()},
          {"p99_ns", summary.p99.count()},
          {"max_ns", summary.max.count()}};
}

// Without its children, and without what is not known or as usual.
Json json_of(const fathom::Call& call) {
  Json json{{"name", call.name()}};
  if (!call.module().empty())
    json["module"] = call.module();
  json["duration_ns"] = json_of(call.duration());
  json["self_ns"] = json_of(call.self_time());
  if (const auto time = call.entry_time())
    json["entry_ns"] = time->nanoseconds;
  if (const auto cpu = call.cpu())
    json["cpu"] = *cpu;
  for (const fathom::CallMark mark : fathom::kCallMarks) {
    if (call.has(mark))
      json["marks"].push_back(fathom::to_string(mark));
  }
  if (!call.args().empty())
    json["args"] = call.args();
  if (const auto retval = call.retval())
    json["retval"] = *retval;
  return json;
}

// A stream of text that is handed on in pieces.
class Writer {
 public:
  explicit Writer(std::ostream& out) : out_(out) {}
  ~Writer() = default;
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void add(std::string_view text) {
    text_ += text;
    if (text_.size() >= kFlushBytes)
      flush();
  }
  void member(std::string_view name) {
    add(first_ ? "{\n\"" : ",\n\"");
    add(name);
    add("\": ");
    first_ = false;
  }
  void flush() {
    out_.write(text_.data(), static_cast<std::streamsize>(text_.size()));
    text_.clear();
  }

 private:
  std::ostream& out_;
  std::string text_;
  bool first_ = true;
};

// An array, an element a line.
template <class Range>
void add_array(Writer& writer, const Range& range) {
  std::string_view before = "[\n";
  for (const auto& element : range) {
    writer.add(before);
    writer.add(dump(element));
    before = ",\n";
  }
  writer.add(before == "[\n" ? "[]" : "\n]");
}

// Without recursion: calls nest as deep as the trace says.
void add_calls(Writer& writer, const fathom::CallTree& tree) {
  std::vector<fathom::Call> open;
  std::string_view before = "[\n";
  const auto close = [&] {
    writer.add("]}");
    open.pop_back();
    before = ",\n";
  };
  for (const fathom::Call call : tree.preorder()) {
    while (!open.empty() && call.parent() != open.back())
      close();
    writer.add(before);
    std::string text = dump(json_of(call));
    text.pop_back();
    writer.add(text);
    writer.add(",\"children\":[");
    open.push_back(call);
    before = "";
  }
  while (!open.empty())
    close();
  writer.add(before == "[\n" ? "[]" : "]");
}

void add_trees(Writer& writer, const fathom::CallForest& forest) {
  std::string_view before = "[\n";
  for (const fathom::CallTree tree : forest.trees()) {
    writer.add(before);
    Json head{{"task", json_of(tree.task())}};
    if (const auto cpu = tree.cpu())
      head["cpu"] = *cpu;
    if (tree.fragment())
      head["fragment"] = true;
    std::string text = dump(head);
    text.pop_back();
    writer.add(text);
    writer.add(",\"calls\":");
    add_calls(writer, tree);
    writer.add("}");
    before = ",\n";
  }
  writer.add(before == "[\n" ? "[]" : "\n]");
}

void add_functions(Writer& writer, const Options& options, const fathom::CallForest& forest, const Symbols& symbols) {
  const fathom::FunctionStats stats = fathom::function_stats(forest);
  std::vector<const fathom::FunctionStat*> rows = fathom::in_order(stats, options.sort);
  if (options.top != 0)
    rows.resize(std::min(options.top, rows.size()));
  writer.member("functions");
  add_array(writer, rows | std::views::transform([&symbols](const fathom::FunctionStat* f) {
                      Json json = json_of(*f);
                      if (const std::vector<fathom::Symbol> found = symbols.find(*f); !found.empty())
                        json["symbols"] = json_of(found);
                      return json;
                    }));
}

void add_switches(Writer& writer, const fathom::CallForest& forest) {
  const fathom::ContextSwitches switches = fathom::context_switches(forest);
  writer.member("switches");
  add_array(writer, switches.all() | std::views::transform([](const fathom::ContextSwitch& s) { return json_of(s); }));
  Json summary{{"count", switches.all().size()},
               {"unattributed", switches.unattributed()},
               {"unfinished", switches.unfinished()},
               {"first_runs", switches.first_runs()},
               {"without_switch", switches.without_switch()}};
  using fathom::SwitchPart;
  for (const auto& [name, part] : {std::pair("total", SwitchPart::total), std::pair("off_cpu", SwitchPart::off_cpu),
                                   std::pair("cost", SwitchPart::cost), std::pair("before", SwitchPart::before),
                                   std::pair("after", SwitchPart::after)})
    summary[name] = json_of(switches.summary(part));
  writer.member("switch_summary");
  writer.add(dump(summary));
}

void add_input(Writer& writer, const Trace& trace) {
  Json incomplete = Json::object();
  for (const fathom::CallMark mark : fathom::kCallMarks)
    incomplete[std::string(fathom::to_string(mark))] = trace.forest.marked(mark);
  writer.member("calls");
  writer.add(dump(trace.forest.calls()));
  writer.member("incomplete");
  writer.add(dump(incomplete));

  const fathom::ParseStats& stats = trace.stats;
  Json skipped = Json::object();
  for (const fathom::SkipReason reason : fathom::kSkipReasons)
    skipped[std::string(fathom::to_string(reason))] = stats.skipped(reason);
  Json input{{"source", trace.source},
             {"bytes", stats.bytes},
             {std::string(trace.records_name), stats.records},
             {"skipped", skipped}};
  if (stats.first_bad)
    input["first_skipped"] = {{std::string(trace.record_name), stats.first_bad->number},
                              {"offset", stats.first_bad->offset},
                              {"reason", fathom::to_string(stats.first_bad->reason)},
                              {"text", stats.first_bad->text}};
  writer.member("input");
  writer.add(dump(input));
  writer.member("lost");
  writer.add(dump(Json{{"events", stats.lost_events}, {"places", stats.losses}}));
}

}  // namespace

void write_json(std::ostream& out, const Options& options, const Trace& trace, const Symbols& symbols) {
  Writer writer(out);
  if (options.stats)
    add_functions(writer, options, trace.forest, symbols);
  if (options.switches)
    add_switches(writer, trace.forest);
  if (options.tree) {
    writer.member("trees");
    add_trees(writer, trace.forest);
  }
  add_input(writer, trace);
  writer.add("\n}\n");
  writer.flush();
}

}  // namespace funcgraph
