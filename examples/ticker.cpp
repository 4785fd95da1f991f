// ticker: how often does a timer tick, and how late?
//
// Shows PerfTimer in both its forms: one that runs a BPF program with each tick, and one that wakes this process. The
// kernel's side is bpf/ticker.bpf.c.

#include "common/bpf_program.hpp"
#include "common/output.hpp"
#include "common/program.hpp"
#include "ticker_check.hpp"
#include "ticker_options.hpp"
#include "ticker_print.hpp"
#include "ticker_run.hpp"

#include <fathom/process/stop_signals.hpp>

#include <nlohmann/json.hpp>

#include <optional>

namespace {

using namespace ticker_example;

constexpr std::string_view kName = "ticker";

int tick(const Options& options, fathom::StopSignals& stop) {
  if (!options.duration)
    examples::tell(kName, "ticking; Ctrl-C ends it");
  const Result result = run_timer(options, stop);
  auto output = examples::Output::standard_output();
  if (options.json)
    output.stream() << to_json(result).dump() << '\n';
  else
    print(output.stream(), result);
  output.close();
  return 0;
}

int run(int argc, const char* const* argv) {
  const std::optional<Options> options = parse_options(argc, argv);
  if (!options)
    return 0;
  fathom::StopSignals stop;
  return examples::run_bpf(kName, {fathom::BpfCause::unsupported},
                           [&] { return options->check ? check(*options, stop) : tick(*options, stop); });
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program(kName, [&] { return run(argc, argv); });
}
