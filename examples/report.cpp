// report: what is in a trace.dat? Its events, one a line, as `trace-cmd report` prints them, or what each function
// cost.
//
// Shows TraceDatReader (the file), FormatRegistry and EventMerger (pages to records of all CPUs in the order of time),
// PrintFormat and FieldReader (records to text and numbers), PageDecoder (one CPU alone, where order does not matter).

#include "common/mapped_file.hpp"
#include "common/output.hpp"
#include "common/program.hpp"
#include "report_input.hpp"
#include "report_lines.hpp"
#include "report_losses.hpp"
#include "report_options.hpp"
#include "report_totals.hpp"

#include <fathom/rawtrace/event_merger.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <system_error>

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

// What the kernel wrote as text, of a tracer that has no events.
void write_kernel_text(std::ostream& out, std::string_view text, bool json) {
  if (!json) {
    out << text;
    return;
  }
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    out << nlohmann::json{{"text", line}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
}

void write_events(std::ostream& out, Input& input, const Options& options) {
  if (!options.json)
    out << "cpus=" << input.file().cpu_count().value_or(0) << '\n';
  for (const fathom::TraceDatBuffer& buffer : input.file().buffers())
    write_kernel_text(out, input.file().text(buffer).text(), options.json);
  const std::vector<Input::Source> sources = input.sources();
  Lines lines(out, input, sources, options.json);
  fathom::ParseStats stats;
  if (!sources.empty()) {
    fathom::EventMerger merger(input.file().layout(*sources.front().buffer), input.formats().id_offset());
    for (std::uint32_t i = 0; i < sources.size(); ++i)
      merger.add(i, sources[i].pages.bytes(), input.file().layout(*sources[i].buffer));
    merger.drain(lines);
    stats = merger.stats();
  }
  lines.finish();
  tell_skipped("events", stats);
  const Losses losses = losses_of(input.file(), stats.lost_events, lines.unnumbered_loss());
  if (losses.any() || (!options.quiet && !sources.empty()))
    examples::tell(kName, fmt::format("{} events, {} lost", lines.records(), losses.text()));
}

// Gives the exit status.
int write_function_totals(std::ostream& out, Input& input, const Options& options) {
  fathom::ParseStats stats;
  const bool any = write_totals(out, input, options.json, stats);
  tell_skipped("events", stats);
  const Losses losses = losses_of(input.file(), stats.lost_events, stats.losses != 0);
  if (losses.any())
    examples::tell(kName, fmt::format("{} events lost: the calls that they tell of are in no sum", losses.text()));
  if (any)
    return 0;
  examples::tell(kName, "no function_graph events in " + options.file);
  return examples::kFailure;
}

bool is_same_file(const std::string& one, const std::string& other) {
  std::error_code error;
  return std::filesystem::equivalent(one, other, error);
}

int run(int argc, const char* const* argv) {
  const std::optional<Options> options = parse_options(argc, argv);
  if (!options)
    return 0;
  if (options->output && *options->output != "-" && is_same_file(*options->output, options->file))
    throw examples::UsageError("-o would overwrite what is read: name another file");
  examples::end_where_a_file_is_cut(kName);
  Input input(options->file);  // first: where it cannot be read no file is made
  examples::Output output =
      options->output ? examples::Output::file(*options->output) : examples::Output::standard_output();
  int status = 0;
  if (options->totals)
    status = write_function_totals(output.stream(), input, *options);
  else
    write_events(output.stream(), input, *options);
  output.close();
  tell_skipped(options->file, input.file().stats());
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program(kName, [&] { return run(argc, argv); });
}
