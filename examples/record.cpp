// record: what does the kernel do while a command runs? Into a trace.dat, for `report`, trace-cmd and KernelShark.
//
// Shows TraceSession (a buffer of our own), TraceEvents (what to record), Recorder (pages into files without
// copying them), Child and StopSignals (a command, and being stopped), TraceDatWriter (the file).

#include "common/command.hpp"
#include "common/output.hpp"
#include "common/page_spool.hpp"
#include "common/program.hpp"
#include "common/replacement.hpp"
#include "record_file.hpp"
#include "record_options.hpp"
#include "record_pages.hpp"

#include <fathom/base/error.hpp>
#include <fathom/process/child.hpp>
#include <fathom/process/stop_signals.hpp>
#include <fathom/tracefs/recorder.hpp>
#include <fathom/tracefs/trace_event.hpp>
#include <fathom/tracefs/trace_fs.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <optional>

namespace {

using namespace record;

constexpr std::string_view kName = "record";

void enable_events(const Options& options, const fathom::TraceArray& array) {
  const fathom::TraceEvents all(array);
  for (const auto& [pattern, filter] : options.events) {
    for (const fathom::EventName& name : all.match_some(pattern)) {
      fathom::TraceEvent event = all.event(name);
      if (!filter.empty())
        event.set_filter(filter);
      event.enable();
    }
  }
}

// What was recorded and did not become a trace.dat. Spools have no names until they need one.
void keep_pages(const examples::PageSpool& spool, const std::string& output) {
  if (spool.files().empty())
    return;
  try {
    std::string names;
    for (const std::string& name : spool.keep(output + ".cpu"))
      names += (names.empty() ? "" : ", ") + name;
    examples::tell(kName, "the pages that were recorded stay in " + names);
  } catch (const fathom::Error& e) {
    examples::tell(kName, fmt::format("the pages that were recorded are gone: {}", e.what()));
  }
}

void tell(const Options& options, const Recorded& recorded, std::uint64_t size) {
  const fathom::Recording& counts = recorded.counts;
  const double seconds = std::chrono::duration<double>(counts.duration).count();
  if (!options.quiet || counts.lost() != 0)
    examples::tell(kName, fmt::format("{}: {} events of {:.3f} s, {} bytes of pages, {} lost", options.output,
                                      counts.events(), seconds, counts.bytes(), counts.lost()));
  if (recorded.failure)
    examples::tell(kName, fmt::format("{} lacks the end, {} bytes of pages: {}", options.output, recorded.unkept,
                                      *recorded.failure));
  if (!options.json)
    return;
  nlohmann::json cpus = nlohmann::json::array();
  for (const fathom::RecordedCpu& cpu : counts.cpus)
    cpus.push_back({{"cpu", cpu.cpu}, {"events", cpu.read_events}, {"bytes", cpu.bytes}, {"lost", cpu.lost()}});
  const nlohmann::json object = {{"file", options.output},
                                 {"file_bytes", size},
                                 {"events", counts.events()},
                                 {"bytes", counts.bytes()},
                                 {"lost", counts.lost()},
                                 {"nanoseconds", counts.duration.count()},
                                 {"complete", !recorded.failure.has_value()},
                                 {"cpus", std::move(cpus)}};
  examples::Output output = examples::Output::standard_output();
  output.stream() << object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  output.close();
}

int run(int argc, const char* const* argv) {
  const std::optional<Options> options = parse_options(argc, argv);
  if (!options)
    return 0;
  // What cannot be written is a mistake to hear of before anything is recorded.
  examples::Replacement file(options->output);
  examples::PageSpool spool(file.directory(), "make room, or name a file elsewhere with -o");
  fathom::StopSignals stop;
  const fathom::TraceFs tracefs;
  fathom::Child child(options->command);
  fathom::SessionOptions settings;
  if (options->tracer)
    settings.tracer = fathom::Tracer(*options->tracer);
  if (!options->all) {
    settings.pids = {child.pid()};
    settings.follow_forks = true;
  }
  settings.buffer_size_kb = options->buffer_size_kb;
  settings.clock = fathom::TraceClock::local;
  fathom::TraceSession session = tracefs.session(settings);
  enable_events(*options, session.array());

  fathom::Recorder recorder(session.array());
  const Recorded recorded = record_pages(*options, recorder, child, stop, spool);
  const int status = examples::end_command(child, stop.received());
  std::uint64_t size = 0;
  try {
    size = write_file(*options, session.array(), recorder, recorded.counts, spool, file);
  } catch (const fathom::Error&) {
    keep_pages(spool, options->output);
    throw;
  }
  recorder.close();
  session.close();
  tell(*options, recorded, size);
  return recorded.failure ? examples::kFailure : status;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program(kName, [&] { return run(argc, argv); });
}
