// taskstate: what are the states of tasks on this kernel?
//
// Shows TaskStateDecoder: found from BTF, the format of sched_switch and the release, whatever there is.

#include "common/output.hpp"
#include "common/printable.hpp"
#include "common/program.hpp"
#include "taskstate_options.hpp"
#include "taskstate_probe.hpp"
#include "taskstate_tasks.hpp"

#include <fathom/base/error.hpp>
#include <fathom/btf/btf.hpp>
#include <fathom/process/stop_signals.hpp>
#include <fathom/rawtrace/event_format.hpp>
#include <fathom/sched/prev_state_probe.hpp>
#include <fathom/sched/task_state_decoder.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <sys/utsname.h>

#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace taskstate_example;
using fathom::RawTaskState;
using fathom::TaskStateDecoder;

constexpr std::string_view kName = "taskstate";

struct Kernel {
  std::string release;
  std::optional<fathom::EventFormat> format;
  std::optional<fathom::Btf> btf;
};

Kernel kernel_of(const Options& options) {
  Kernel kernel{.release = options.release, .format = {}, .btf = {}};
  const bool running = options.release.empty();
  if (running) {
    utsname name{};
    if (::uname(&name) == 0)
      kernel.release = name.release;
  }
  // The running kernel's files say nothing of another one.
  const bool format_given = options.format != Options().format;
  if (running || format_given) {
    std::ifstream in(options.format);
    kernel.format = fathom::EventFormat::parse("sched", std::string{std::istreambuf_iterator<char>(in), {}});
    if (format_given && !kernel.format)
      throw std::runtime_error(fmt::format("no format of an event can be read from {}", options.format));
  }
  const bool btf_given = options.btf != Options().btf;
  try {
    if (running || btf_given)
      kernel.btf = fathom::Btf::load(options.btf);
  } catch (const fathom::Error& e) {
    if (btf_given)
      throw;
    examples::tell(kName, e.what());
  }
  return kernel;
}

// Of 4.15 to 4.19 the running kernel is asked, by a sleep, what its sources do not say.
TaskStateDecoder decoder_of(const Kernel& kernel, bool running) {
  const fathom::TaskStateSources sources{.sched_switch = kernel.format ? &*kernel.format : nullptr,
                                         .btf = kernel.btf ? &*kernel.btf : nullptr,
                                         .release = kernel.release,
                                         .encoding = {}};
  if (!running || !kernel.format)
    return TaskStateDecoder(sources);
  try {
    return probed_task_states(sources, [&] { return sleep_once(*kernel.format); });
  } catch (const fathom::Error& e) {
    examples::tell(kName, e.what());
    return TaskStateDecoder(sources);
  }
}

// Each bit, and what the kernel makes of several.
std::vector<RawTaskState> rows(const TaskStateDecoder& states) {
  std::set<std::uint32_t> all = {0, 0x402, 0x2001, 0x2402};
  std::uint32_t known = 0;
  for (const fathom::TaskStateBit& bit : states.bits()) {
    all.insert(bit.bit);
    known |= bit.bit;
  }
  std::vector<RawTaskState> out;
  for (const std::uint32_t bits : all) {
    if ((bits & ~known) == 0)
      out.push_back({bits});
  }
  return out;
}

void print_text(std::ostream& out, const Kernel& kernel, const TaskStateDecoder& states,
                const std::vector<Seen>& seen) {
  out << fmt::format("Linux {}: task_struct.{}, prev_state by {}\n", examples::printable(kernel.release),
                     states.member().empty() ? "?" : states.member(),
                     states.encoding() ? to_string(*states.encoding()) : "?");
  out << fmt::format("{:>8} {:<6} {:>8} {:<7} {}\n", "BITS", "STATE", "REPORTED", "PRINTED", "NAME");
  for (const RawTaskState raw : rows(states)) {
    const auto reported = states.reported(raw);
    out << fmt::format("{:>#8x} {:<6} {:>8} {:<7} {}\n", raw.bits, letter(states.state(raw)),
                       reported ? fmt::format("{:#x}", reported->value) : "?",
                       reported ? examples::printable(states.letters(*reported)) : "?", states.names(raw));
  }
  for (const Seen& task : seen)
    out << fmt::format("{:>8} {:<6} {} {}\n", task.pid, task.state ? letter(*task.state) : '?',
                       task.state ? to_string(*task.state) : "?", examples::printable(task.what));
}

void print_json(std::ostream& out, const Kernel& kernel, const TaskStateDecoder& states,
                const std::vector<Seen>& seen) {
  nlohmann::ordered_json json{{"release", kernel.release}};
  if (!states.member().empty())
    json["member"] = states.member();
  if (states.encoding())
    json["encoding"] = to_string(*states.encoding());
  if (states.tracepoint_arguments())
    json["tracepoint_arguments"] = *states.tracepoint_arguments();
  json["states"] = nlohmann::json::array();
  for (const RawTaskState raw : rows(states)) {
    nlohmann::ordered_json row{
        {"bits", raw.bits}, {"name", states.names(raw)}, {"state", std::string(1, letter(states.state(raw)))}};
    if (const auto reported = states.reported(raw)) {
      row["reported"] = reported->value;
      row["printed"] = states.letters(*reported);
    }
    json["states"].push_back(std::move(row));
  }
  json["tasks"] = nlohmann::json::array();
  for (const Seen& task : seen) {
    nlohmann::ordered_json row{{"pid", task.pid}, {"what", task.what}};
    if (task.wanted)
      row["wanted"] = std::string(1, letter(*task.wanted));
    if (task.state)
      row["state"] = std::string(1, letter(*task.state));
    json["tasks"].push_back(std::move(row));
  }
  out << json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
}

int run(int argc, const char* const* argv) {
  fathom::StopSignals stop;  // the children are ended before the program is
  const std::optional<Options> options = parse_options(argc, argv);
  if (!options)
    return 0;
  const Kernel kernel = kernel_of(*options);
  const TaskStateDecoder states = decoder_of(kernel, options->release.empty());
  std::vector<Seen> seen;
  bool right = true;
  if (options->release.empty()) {
    seen = look_at_children(stop);
    for (const Seen& child : seen)
      right = right && child.state == child.wanted;
    for (Seen& thread : look_at_kernel_threads())
      seen.push_back(std::move(thread));
  }
  if (stop.received())
    return examples::kFailure;
  auto output = examples::Output::standard_output();
  (options->json ? print_json : print_text)(output.stream(), kernel, states, seen);
  output.close();
  return options->check && !right ? examples::kFailure : 0;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program(kName, [&] { return run(argc, argv); });
}
