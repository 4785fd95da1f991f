#include "attach_failure.hpp"
#include "kprobe_attach.hpp"
#include "link_access.hpp"
#include "perf/event_source.hpp"
#include "perf/open_probe.hpp"
#include "perf_link.hpp"
#include "program_section.hpp"
#include "uprobe_places.hpp"

#include <fathom/base/error.hpp>
#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/uprobe.hpp>

#include <cerrno>
#include <cstdint>
#include <string>
#include <utility>

namespace fathom {

namespace {

std::string target_text(const UprobeTarget& target, bool at_return) {
  std::string place = target.function;
  if (place.empty() || target.offset != 0)
    place += (place.empty() ? "the offset " : "+") + std::to_string(target.offset);
  return (at_return ? "the return of " : "") + place + " in " + target.binary;
}

// kernel/events/uprobes.c and perf_uprobe_init of kernel/trace/trace_event_perf.c.
BpfError open_failure(const BpfProgram& program, int error, const std::string& target) {
  BpfFailure failure = bpf::attach_failure(program, error, target);
  switch (error) {
    case ENOENT:
      failure.cause = BpfCause::bad_attach_target;
      failure.hint = "there is no such file";
      break;
    case ESRCH:
      failure.cause = BpfCause::bad_attach_target;
      failure.hint = "there is no such process";
      break;
    case EINVAL:
    case EIO:
    case EILSEQ:
      failure.cause = BpfCause::bad_attach_target;
      failure.hint =
          "no instruction that may be probed begins there: the offset is outside of the file's code, or the "
          "file is no regular one";
      break;
    default:
      break;
  }
  return BpfError(std::move(failure));
}

UprobeTarget parse_target(const BpfProgram& program) {
  const bpf::BinaryTarget parts = bpf::parse_binary_target(program, "BINARY:FUNCTION");
  KernelSymbol function = bpf::parse_kernel_symbol(parts.rest, program);
  return {parts.binary, std::move(function.name), function.offset};
}

BpfLink attach_uprobe(const BpfProgram& program, const UprobeTarget& target, bool at_return,
                      const UprobeOptions& options) {
  const std::string text = target_text(target, at_return);
  perf::UserProbe probe{.path = target.binary,
                        .offset = target.offset,
                        .reference_counter = options.reference_counter,
                        .pid = bpf::pid_of(options.tasks, -1, program),
                        .at_return = at_return};
  if (!target.function.empty())
    probe.offset += bpf::function_offsets(program, target.binary, {target.function})[0];
  const auto type = perf::event_source_type(options.sysfs, "uprobe");
  if (!type) {
    BpfFailure failure = bpf::attach_failure(program, EOPNOTSUPP, text);
    failure.hint = "this kernel has no uprobes (CONFIG_UPROBE_EVENTS): " + options.sysfs +
                   "/bus/event_source/devices/uprobe is not there";
    throw BpfError(std::move(failure));
  }
  UniqueFd event;
  try {
    event = perf::open_uprobe(*type, probe);
  } catch (const Error& error) {
    throw open_failure(program, error.code().value(), text);
  }
  return LinkAccess::from_fd(bpf::link_to_perf_event(program, event.get(), options.cookie, text), program);
}

}  // namespace

UprobeProgram::UprobeProgram(const BpfProgram& program)
    : BpfProgram(program, bpf::is_kprobe_of(program, {"uprobe", "uprobe.s"}, BpfAttachType{}), "a uprobe program") {}

BpfLink UprobeProgram::attach(const UprobeOptions& options) const {
  return attach(parse_target(*this), options);
}

BpfLink UprobeProgram::attach(const UprobeTarget& target, const UprobeOptions& options) const {
  return attach_uprobe(*this, target, false, options);
}

UretprobeProgram::UretprobeProgram(const BpfProgram& program)
    : BpfProgram(program, bpf::is_kprobe_of(program, {"uretprobe", "uretprobe.s"}, BpfAttachType{}),
                 "a uretprobe program") {}

BpfLink UretprobeProgram::attach(const UprobeOptions& options) const {
  return attach(parse_target(*this), options);
}

BpfLink UretprobeProgram::attach(const UprobeTarget& target, const UprobeOptions& options) const {
  return attach_uprobe(*this, target, true, options);
}

}  // namespace fathom
