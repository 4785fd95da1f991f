// opensnoop: who opens which file?
//
// Shows a BPF object from C++: open, set a global, load, attach, read a ring buffer of records with a type that comes
// from the object itself. The kernel's side is bpf/opensnoop.bpf.c.

#include "common/bpf_program.hpp"
#include "common/output.hpp"
#include "common/program.hpp"
#include "opensnoop_check.hpp"
#include "opensnoop_options.hpp"
#include "opensnoop_print.hpp"

#include <fathom/bpf/bpf_object.hpp>
#include <fathom/process/stop_signals.hpp>

#include <fmt/core.h>

#include <fathom-bpf/opensnoop.bpf.hpp>
#include <vector>

namespace {

using namespace opensnoop_example;
using namespace std::chrono_literals;

constexpr std::string_view kName = "opensnoop";

int snoop(const Options& options) {
  fathom::StopSignals stop;
  auto object = fathom::BpfObject::open(opensnoop::object);
  object.variable("target_pid").set<int>(options.pid);
  const auto bpf = object.load();
  auto opens = bpf.ring_buffer<opensnoop::open>(opensnoop::opens);
  std::vector<fathom::BpfLink> links;
  for (const auto& program : bpf.programs())
    links.push_back(fathom::Tracepoint(program).attach());

  auto output = examples::Output::standard_output();
  Printer printer(output.stream(), options.json);
  examples::tell(kName, "tracing; Ctrl-C ends it");
  while (!stop.received()) {
    for (const opensnoop::open& open : opens.poll(100ms))
      printer.print(open);
    output.stream().flush();
  }
  output.close();
  if (const auto lost = opens.lost().value_or(0); lost != 0)
    examples::tell(kName, fmt::format("{} opens were lost: they came faster than they were written", lost));
  return 0;
}

int run(int argc, const char* const* argv) {
  const std::optional<Options> options = parse_options(argc, argv);
  if (!options)
    return 0;
  // Without CONFIG_BPF_SYSCALL or CONFIG_FTRACE_SYSCALLS.
  return examples::run_bpf(kName, {fathom::BpfCause::unsupported, fathom::BpfCause::bad_attach_target},
                           [&] { return options->check ? check(*options) : snoop(*options); });
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program(kName, [&] { return run(argc, argv); });
}
