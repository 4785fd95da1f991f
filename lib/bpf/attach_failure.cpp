#include "attach_failure.hpp"

#include "error_cause.hpp"

#include <cerrno>
#include <string>
#include <utility>

namespace fathom::bpf {

BpfFailure attach_failure(const BpfProgram& program, int errno_value, std::string target) {
  BpfFailure failure{.errno_value = errno_value,
                     .operation = "attach",
                     .object = program.object_name(),
                     .name = program.name(),
                     .target = std::move(target),
                     .cause = cause_of(errno_value, false)};
  if (failure.cause == BpfCause::denied)
    failure.hint = denied_hint(right_to_attach(program.type()));
  return failure;
}

BpfError bad_target(const BpfProgram& program, int errno_value, std::string target, std::string hint) {
  BpfFailure failure = attach_failure(program, errno_value, std::move(target));
  failure.cause = BpfCause::bad_attach_target;
  failure.hint = std::move(hint);
  return BpfError(std::move(failure));
}

BpfError no_target(const BpfProgram& program, const std::string& form) {
  return bad_target(program, EINVAL, {},
                    "the section '" + program.section() + "' names no " + form + ": say which, or set attach_target");
}

}  // namespace fathom::bpf
