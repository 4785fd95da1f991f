// report: what is in a trace.dat? Its events, one a line, as `trace-cmd report` prints them, or what each function
// cost.
//
// Shows TraceDatReader (the file), FormatRegistry and EventMerger (pages to records of all CPUs in the order of time),
// PrintFormat and FieldReader (records to text and numbers), PageDecoder (one CPU alone, where order does not matter).

#include "common/output.hpp"
#include "common/program.hpp"
#include "report_input.hpp"
#include "report_lines.hpp"
#include "report_options.hpp"
#include "report_totals.hpp"

#include <fathom/rawtrace/event_merger.hpp>

#include <fmt/core.h>

namespace {

using namespace report;

constexpr std::string_view kName = "report";

void tell_skipped(std::string_view what, const fathom::ParseStats& stats) {
  if (stats.skipped_records() == 0)
    return;
  std::string reasons;
  for (const fathom::SkipReason reason : fathom::kSkipReasons) {
    if (stats.skipped(reason) != 0)
      reasons += fmt::format("{}{} {}", reasons.empty() ? "" : ", ", stats.skipped(reason), to_string(reason));
  }
  examples::tell(kName, fmt::format("{}: {} of {} parts were not read: {}", what, stats.skipped_records(),
                                    stats.records, reasons));
}

void write_events(std::ostream& out, Input& input, const Options& options) {
  if (!options.json)
    out << "cpus=" << input.file().cpu_count().value_or(0) << '\n';
  for (const fathom::TraceDatBuffer& buffer : input.file().buffers())
    out << input.file().text(buffer).text();
  const std::vector<Input::Source> sources = input.sources();
  Lines lines(out, input, sources, options.json);
  if (!sources.empty()) {
    fathom::EventMerger merger(input.file().layout(*sources.front().buffer), input.formats().id_offset());
    for (std::uint32_t i = 0; i < sources.size(); ++i)
      merger.add(i, sources[i].pages.bytes(), input.file().layout(*sources[i].buffer));
    merger.drain(lines);
    tell_skipped("events", merger.stats());
    if (!options.quiet)
      examples::tell(kName, fmt::format("{} events, {} lost", lines.records(), merger.stats().lost_events));
  }
  lines.finish();
}

int run(int argc, const char* const* argv) {
  const std::optional<Options> options = parse_options(argc, argv);
  if (!options)
    return 0;
  examples::Output output =
      options->output ? examples::Output::file(*options->output) : examples::Output::standard_output();
  if (output.would_overwrite(options->file))
    throw examples::UsageError("-o would overwrite what is read: name another file");
  Input input(options->file);
  int status = 0;
  if (!options->totals) {
    write_events(output.stream(), input, *options);
  } else if (!write_totals(output.stream(), input, options->json)) {
    examples::tell(kName, "no function_graph events in " + options->file);
    status = examples::kFailure;
  }
  output.close();
  tell_skipped(options->file, input.file().stats());
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program(kName, [&] { return run(argc, argv); });
}
