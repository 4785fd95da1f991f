#include "funcgraph_pages.hpp"

#include "common/mapped_file.hpp"
#include "common/optional_file.hpp"

#include <fathom/base/error.hpp>
#include <fathom/output/trace_text_printer.hpp>
#include <fathom/rawtrace/event_merger.hpp>
#include <fathom/rawtrace/graph_decoder.hpp>
#include <fathom/tracefs/raw_formats.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <deque>
#include <string_view>
#include <system_error>

namespace funcgraph {

namespace {

using namespace std::chrono_literals;

// The kernel remembers 128 names, unless it is told otherwise: a short-lived task's may be gone at the end.
constexpr std::chrono::milliseconds kNamesEvery = 100ms;

// Pages hold return values and overruns wherever the kernel can record them. Text shows them if it is told to: what a
// function without a result leaves in the register means nothing.
class AsPrinted {
 public:
  AsPrinted(fathom::CallForest& forest, const fathom::TraceTextOptions& options)
      : forest_(&forest), retval_(options.funcgraph_retval), overruns_(options.funcgraph_overrun) {}

  fathom::FunctionTable& functions() { return forest_->functions(); }
  void on(const fathom::GraphExit& exit) {
    fathom::GraphExit shown = exit;
    if (!retval_)
      shown.retval.reset();
    if (!overruns_)
      shown.overruns.reset();
    forest_->on(shown);
  }
  template <class Event>
    requires requires(fathom::CallForest& forest, const Event& event) { forest.on(event); }
  void on(const Event& event) {
    forest_->on(event);
  }

 private:
  fathom::CallForest* forest_;
  bool retval_;
  bool overruns_;
};

using Decoder = fathom::GraphDecoder<fathom::KallsymsIndex, AsPrinted>;

// Arguments and callers are numbers in pages.
void require_plain(const fathom::TraceArray& array) {
  for (const fathom::FuncgraphOption option : {fathom::FuncgraphOption::args, fathom::FuncgraphOption::retaddr}) {
    if (array.option(option).value_or(false))
      throw fathom::Error(std::errc::not_supported, "decode pages with", fathom::to_string(option),
                          "the option is set, and only the kernel prints what it asks for");
  }
}

// Of the pages, less the records that they hold whole and the decoder could not make sense of.
fathom::ParseStats stats_of(const fathom::ParseStats& pages, const fathom::ParseStats& graph) {
  fathom::ParseStats stats = pages;
  stats.parsed_records -= graph.skipped_records();
  stats.parsed_bytes -= graph.skipped_bytes;
  stats.skipped_bytes += graph.skipped_bytes;
  for (std::size_t i = 0; i < stats.skipped_records_by_reason.size(); ++i)
    stats.skipped_records_by_reason[i] += graph.skipped_records_by_reason[i];
  if (!stats.first_bad)
    stats.first_bad = graph.first_bad;
  return stats;
}

}  // namespace

PageSources PageSources::of(const fathom::TraceArray& array) {
  fathom::TraceFiles& files = *array.files();
  PageSources sources{
      fathom::read_formats(array), fathom::KallsymsIndex::load(),
      fathom::PrintkFormats::parse(examples::read_if_there(files, "printk_formats")),
      fathom::TraceTextOptions::parse(files.read(array.path("trace_options")), files.read(array.path("current_tracer")),
                                      files.read(array.path("trace_clock")))};
  fathom::CallForest none;
  AsPrinted sink(none, sources.options);
  const Decoder decodable(sources.formats, sources.symbols, sink);  // throws if it is not
  return sources;
}

PageRecording::PageRecording(const fathom::TraceArray& array)
    : array_(&array),
      sources_(PageSources::of(array)),
      spool_(examples::folder_for_pages(), "set TMPDIR to a folder with room, record less, or read the text: --text"),
      recorder_(array) {
  require_plain(array);
}

void PageRecording::learn_names() {
  const auto now = std::chrono::steady_clock::now();
  if (now < names_due_)
    return;
  names_due_ = now + kNamesEvery;
  tasks_.add_saved_cmdlines(examples::read_if_there(*array_->files(), "saved_cmdlines"));
}

void PageRecording::run(const fathom::RecorderUntil& until,
                        const std::function<void(const std::function<std::string()>&)>& progress) {
  const auto line = [this] {
    const fathom::Recording now = recorder_.counts();
    return fmt::format("recording: {:.1f} MB, {} events, {} lost", static_cast<double>(now.bytes()) / 1e6, now.events(),
                       now.lost());
  };
  fathom::RecorderUntil end = until;
  end.when = [&] {
    learn_names();
    progress(line);
    return false;
  };
  try {
    recorder_.run(spool_, end);
    recording_ = recorder_.stop(spool_);
  } catch (const fathom::Error& e) {
    if (e.code() != std::errc::no_space_on_device)
      throw;
    throw fathom::Error(std::errc::no_space_on_device, "keep pages in", spool_.path(0), spool_.hint());
  }
}

void PageRecording::close() {
  sources_ = PageSources::of(*array_);
  names_due_ = {};
  learn_names();
  recorder_.close();
}

void decode_pages(const PageSources& sources, const fathom::TaskNames& tasks, const std::vector<CpuPages>& pages,
                  const fathom::PageLayout& layout, Trace& trace) {
  AsPrinted sink(trace.forest, sources.options);
  Decoder graph(sources.formats, sources.symbols, sink, tasks);
  fathom::TraceTextSources texts;
  texts.symbols = fathom::AddressNames(sources.symbols);
  texts.tasks = tasks;
  texts.strings = sources.strings;
  fathom::TraceTextPrinter printer(sources.formats, texts, sources.options, [](std::string_view) {});
  if (trace.keeps_details)
    graph.comment_with([&printer](const fathom::RawRecord& record) { return printer.comment_of(record); });

  fathom::EventMerger merger(layout, sources.formats.id_offset());
  for (const CpuPages& of : pages)
    merger.add(of.cpu, of.pages);
  merger.drain(graph);
  trace.stats = stats_of(merger.stats(), graph.stats());
  trace.record_name = "event";
  trace.records_name = "events";
}

void PageRecording::decode(Trace& trace) const {
  std::deque<examples::MappedFile> mapped;
  std::vector<CpuPages> pages;
  for (const auto& [cpu, file] : spool_.files())
    pages.push_back({cpu, mapped.emplace_back(file.get(), spool_.path(cpu)).bytes()});
  decode_pages(sources_, tasks_, pages, sources_.formats.layout(), trace);
  // The kernel's own count: a page that was too full for the number has only the mark.
  trace.stats.lost_events = recording_.lost();
  for (const fathom::RecordedCpu& cpu : recording_.cpus) {
    if (cpu.unmarked() == 0)
      continue;
    ++trace.stats.losses;
    trace.forest.on(fathom::Loss{cpu.cpu, cpu.unmarked()});
  }
  trace.forest.finish();
  trace.symbols = sources_.symbols;
}

}  // namespace funcgraph
