#include "load_error.hpp"

#include "error_cause.hpp"
#include "feature_probe.hpp"
#include "kernel_constants.hpp"
#include "libbpf_print.hpp"
#include "program_section.hpp"
#include "target_names.hpp"

#include <bpf/libbpf.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace fathom::bpf {

namespace {

// The place of the one whose name stands last between "WORD '" and "'" in the messages.
//   libbpf: prog 'on_open': BPF program load failed: Permission denied
//   libbpf: map 'counts': failed to create: Invalid argument(-22)
template <class Spec>
std::optional<std::size_t> named_last(std::string_view messages, std::string_view word, std::span<const Spec> specs) {
  std::string start(word);
  start += " '";
  for (std::size_t at = messages.rfind(start); at != std::string_view::npos && at != 0;
       at = messages.rfind(start, at - 1)) {
    const std::string_view rest = messages.substr(at + start.size());
    const std::string_view name = rest.substr(0, rest.find('\''));
    const auto found = std::ranges::find(specs, name, &Spec::name);
    if (found != specs.end())
      return static_cast<std::size_t>(found - specs.begin());
  }
  return std::nullopt;
}

bool says(std::string_view messages, std::string_view what) {
  return messages.find(what) != std::string_view::npos;
}

// libbpf tries to load a program of each type, and takes a refusal for a missing type where the verifier would have to
// say more than it does: those answers are not to be trusted. Numbers without a name are of a kernel newer than
// Linux 7.1.
bool lacks_type(BpfProgramType type) {
  return probe_program_type(type) == BpfSupport::no;
}

bool lacks_type(BpfMapType type) {
  return probe_map_type(type) == BpfSupport::no;
}

// What a verifier says, with an errno that tells less, where this kernel lacks what the program calls; empty if it is
// not that.
std::string missing_call(std::string_view log) {
  // "invalid func unknown#169": a number above those of all helpers that the kernel knows.
  if (says(log, "\ninvalid func ") || log.starts_with("invalid func "))
    return "this kernel is older than that helper";
  // "bpf_timer cannot be used for PREEMPT_RT.": Linux 6.17, and stable kernels since then.
  if (says(log, "cannot be used for PREEMPT_RT"))
    return "a kernel with PREEMPT_RT has none of these, others do";
  return {};
}

// Which kind of tracing program this kernel is too old for; its verifier takes them for ones that lack a function.
// Empty if it is not that.
std::string missing_kind(int errno_value, BpfAttachType type) {
  if (errno_value != EINVAL)
    return {};
  if (type == BpfAttachType::trace_fsession && probe_attach(BpfAttachKind::fsession) == BpfSupport::no)
    return "fsession came with Linux 7.0";
  if (is_tracing_multi(type) && probe_attach(BpfAttachKind::tracing_multi) == BpfSupport::no)
    return "fentry.multi, fexit.multi and fsession.multi came with Linux 7.2";
  return {};
}

std::string type_text(std::string_view name, std::uint32_t number) {
  return name.empty() ? "number " + std::to_string(number) : std::string(name);
}

void explain_program(BpfFailure& failure, const ProgramSpec& program, std::string_view messages) {
  failure.name = program.name;
  failure.operation = "load";
  failure.cause = cause_of(failure.errno_value, !failure.log.empty());
  if (program.type == BpfProgramType::unspec) {
    failure.cause = BpfCause::bad_object;
    failure.hint = "the section '" + program.section + "' says no program type" + near_sections(program.section) +
                   "; set ProgramSpec::type if that is as it should be";
  } else if (std::string missing = missing_call(failure.log); !missing.empty()) {
    failure.cause = BpfCause::unsupported;
    failure.hint = std::move(missing);
  } else if (std::string kind = missing_kind(failure.errno_value, program.expected_attach_type); !kind.empty()) {
    failure.cause = BpfCause::unsupported;
    failure.hint = std::move(kind);
  } else if (failure.errno_value == ESRCH || failure.errno_value == ENOENT) {
    failure.cause = BpfCause::no_such_function;
    failure.hint =
        "the kernel's BTF has no '" + program.attach_target + "' for " +
        type_text(to_string(program.expected_attach_type), static_cast<std::uint32_t>(program.expected_attach_type)) +
        near_kernel_targets(program);
  } else if (failure.cause == BpfCause::denied) {
    failure.hint = denied_hint(right_to_load(program.type));
  } else if (failure.errno_value == EINVAL && failure.log.empty()) {
    if (lacks_type(program.type)) {
      failure.cause = BpfCause::unsupported;
      failure.hint = "this kernel has no programs of type " +
                     type_text(to_string(program.type), static_cast<std::uint32_t>(program.type));
    } else if (says(messages, "no BTF-based attach target")) {
      failure.cause = BpfCause::bad_attach_target;
      failure.hint = "set ProgramSpec::attach_target: the section '" + program.section + "' names none";
    } else {
      failure.hint =
          "the kernel gave no reason; it may be older than the attach type " +
          type_text(to_string(program.expected_attach_type), static_cast<std::uint32_t>(program.expected_attach_type)) +
          " or than a flag";
    }
  }
}

void explain_map(BpfFailure& failure, const MapSpec& map) {
  failure.name = map.name;
  failure.operation = "create the map";
  failure.cause = cause_of(failure.errno_value, false);
  const std::string shape = type_text(to_string(map.type), static_cast<std::uint32_t>(map.type)) + ", key " +
                            std::to_string(map.key_size) + " bytes, value " + std::to_string(map.value_size) +
                            " bytes, " + std::to_string(map.max_entries) + " entries";
  if (failure.cause == BpfCause::denied) {
    failure.hint = denied_hint(right_to_make(map.type));
  } else if (failure.errno_value == EINVAL && lacks_type(map.type)) {
    failure.cause = BpfCause::unsupported;
    failure.hint =
        "this kernel has no maps of type " + type_text(to_string(map.type), static_cast<std::uint32_t>(map.type));
  } else if (failure.errno_value == EINVAL && map.type == BpfMapType::struct_ops && (map.flags & kMapMakesLinks) != 0) {
    failure.cause = BpfCause::unsupported;
    failure.hint = "tables of .struct_ops.link came with Linux 6.4; those of .struct_ops are older";
  } else {
    failure.hint = shape;
  }
}

}  // namespace

std::optional<std::size_t> failed_program(std::string_view messages, std::span<const ProgramSpec> programs) {
  return named_last(messages, "prog", programs);
}

BpfError load_error(const FailedLoad& failed) {
  BpfFailure failure{.errno_value = failed.errno_value,
                     .operation = "load",
                     .object = std::string(failed.object),
                     .cause = cause_of(failed.errno_value, false),
                     .log = std::string(failed.log),
                     .messages = std::string(failed.messages)};
  if (failed.program)
    explain_program(failure, failed.programs[*failed.program], failed.messages);
  else if (const auto map = named_last(failed.messages, "map", failed.maps))
    explain_map(failure, failed.maps[*map]);
  else if (failure.cause == BpfCause::denied)  // before any program: it will need its own right too
    failure.hint = denied_hint(failed.programs.empty() ? Right::bpf : right_to_load(failed.programs.front().type));
  return BpfError(std::move(failure));
}

}  // namespace fathom::bpf
