// funcgraph: what does a command make the kernel do? As a tree of function calls, with what each of them cost.
//
// Shows TraceFs and TraceSession (what to trace), Recorder, EventMerger and GraphDecoder (pages to calls),
// FunctionGraphParser (text to calls), CallForest, Child and StopSignals (a command, and being stopped), function_stats
// and context_switches (calls to numbers), the text writers, and KallsymsIndex (what the functions are).

#include "common/output.hpp"
#include "common/program.hpp"
#include "funcgraph_account.hpp"
#include "funcgraph_json.hpp"
#include "funcgraph_options.hpp"
#include "funcgraph_read.hpp"
#include "funcgraph_record.hpp"
#include "funcgraph_symbols.hpp"

#include <fathom/graph/context_switches.hpp>
#include <fathom/graph/function_stats.hpp>
#include <fathom/output/call_tree_text.hpp>
#include <fathom/output/context_switches_text.hpp>
#include <fathom/output/function_stats_text.hpp>

namespace {

using namespace funcgraph;

constexpr std::string_view kName = "funcgraph";

examples::Output open_output(const Options& options) {
  if (!options.output) {
    // A command's standard output is its own.
    return options.command.empty() || options.json ? examples::Output::standard_output()
                                                   : examples::Output::standard_error();
  }
  examples::Output output = examples::Output::file(*options.output);
  if (options.from && output.would_overwrite(*options.from))
    throw examples::UsageError("-o would overwrite what --from reads: name another file");
  return output;
}

void write_text(std::ostream& out, const Options& options, const Trace& trace, const Symbols& symbols, bool color) {
  std::string_view between;
  const auto next_part = [&] {
    out << between;
    between = "\n";
  };
  if (options.tree) {
    next_part();
    fathom::write_text(out, trace.forest, {.color = color});
  }
  if (options.stats) {
    next_part();
    fathom::write_text(
        out, fathom::function_stats(trace.forest),
        {.order = options.sort, .top = options.top, .color = color, .remark = [&](const fathom::FunctionStat& f) {
           return symbols.remark(f);
         }});
  }
  if (options.switches) {
    next_part();
    fathom::write_text(out, fathom::context_switches(trace.forest), {.top = options.top, .color = color});
  }
}

// Gives the exit status. The stop signals are ours only as long as there is something to stop.
int acquire(const Options& options, Trace& trace) {
  fathom::StopSignals stop;
  if (!options.from)
    return record(options, stop, trace);
  read_file(*options.from, stop.native_handle(), trace);
  if (stop.received())
    examples::tell(kName, "stopped before the end of " + trace.source);
  return 0;
}

int run(int argc, const char* const* argv) {
  const std::optional<Options> options = parse_options(argc, argv);
  if (!options)
    return 0;
  examples::Output output = open_output(*options);
  Trace trace(options->tree);
  // A file that cannot be read is a mistake to hear of before anything is recorded. The kernel's own is read after it,
  // since what is traced may load modules.
  Symbols symbols;
  if (options->symbols)
    symbols = Symbols::of_file(*options->symbols);
  const int status = acquire(*options, trace);
  if (!options->symbols && !options->from)
    symbols = trace.symbols ? Symbols(*trace.symbols) : Symbols::of_this_kernel(options->quiet);

  if (options->json)
    write_json(output.stream(), *options, trace, symbols);
  else
    write_text(output.stream(), *options, trace, symbols, examples::wants_color(options->color, output));
  output.close();

  const Account account = account_of(trace);
  if (!options->quiet || account.something_missing) {
    for (const std::string& line : account.lines)
      examples::tell(kName, line);
  }
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program(kName, [&] { return run(argc, argv); });
}
