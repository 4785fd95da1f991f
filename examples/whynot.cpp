// whynot: can ftrace, kprobes or BPF see a kernel function, and if not, why?
//
// Shows Traceability: one load, then an answer for each name, as data (--json) and in words.

#include "common/output.hpp"
#include "common/printable.hpp"
#include "common/program.hpp"
#include "whynot_options.hpp"
#include "whynot_print.hpp"

#ifdef WHYNOT_READS_DWARF
#include <fathom/symbols/dwarf_inline_sites.hpp>
#endif
#include <fathom/symbols/traceability.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace {

using whynot::Options;

constexpr std::string_view kName = "whynot";

fathom::TraceabilityOptions sources(const Options& options) {
  fathom::TraceabilityOptions sources;
  if (options.root) {
    const std::string& root = *options.root;
    sources.tracefs = fathom::local_trace_files(root + "/sys/kernel/tracing");
    for (std::string* path :
         {&sources.kallsyms_path, &sources.kprobe_blacklist_path, &sources.btf_directory, &sources.release_path,
          &sources.lockdown_path, &sources.modules_root, &sources.boot_directory})
      path->insert(0, root);
  }
#ifdef WHYNOT_READS_DWARF
  if (options.vmlinux)
    sources.inline_sites = std::make_shared<fathom::DwarfInlineSites>(*options.vmlinux);
#endif
  if (options.kallsyms)
    sources.kallsyms_path = *options.kallsyms;
  return sources;
}

std::string message_of(const fathom::TraceabilityGap& gap) {
  return "cannot read " + gap.path + ": " + gap.error.message() + (gap.hint.empty() ? "" : " (" + gap.hint + ")");
}

int run(int argc, const char* const* argv) {
  const std::optional<Options> options = whynot::parse_options(argc, argv);
  if (!options)
    return 0;
  const auto traceability = fathom::Traceability::load(sources(*options));
  for (const fathom::TraceabilityGap& gap : traceability.gaps())
    examples::tell(kName, examples::printable(message_of(gap)));

  examples::Output output = examples::Output::standard_output();
  bool all_traceable = true;
  for (const std::string& function : options->functions) {
    const auto answer = traceability.of(options->module ? function + " [" + *options->module + "]" : function);
    all_traceable = all_traceable && answer.traceable();
    if (options->json)
      whynot::write_json(output.stream(), answer);
    else
      whynot::write_text(output.stream(), answer);
  }
  output.close();
  return all_traceable ? 0 : examples::kFailure;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program(kName, [&] { return run(argc, argv); });
}
