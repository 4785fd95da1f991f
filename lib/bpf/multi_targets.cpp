#include "multi_targets.hpp"

#include "attach_failure.hpp"
#include "kernel_functions.hpp"
#include "tracefs_path.hpp"

#include <fathom/base/error.hpp>
#include <fathom/bpf/bpf_error.hpp>

#include <cerrno>
#include <utility>

namespace fathom::bpf {

std::string functions_text(std::size_t count) {
  return count == 1 ? "1 kernel function" : std::to_string(count) + " kernel functions";
}

void check_counts(const BpfProgram& program, std::size_t functions, std::size_t cookies) {
  if (functions == 0)
    throw bad_target(program, EINVAL, functions_text(functions), "no functions were given");
  if (cookies != 0 && cookies != functions)
    throw bad_target(program, EINVAL, functions_text(functions),
                     std::to_string(cookies) + " cookies were given: one each, or none");
}

std::vector<std::string> functions_matching(const BpfProgram& program, const std::string& tracefs,
                                            std::string_view pattern) {
  const std::string target = "the kernel functions " + std::string(pattern);
  std::vector<std::string> functions;
  try {
    functions = traceable_functions(tracefs_or_default(tracefs), pattern);
  } catch (const Error& error) {
    BpfFailure failure = attach_failure(program, error.code().value(), target);
    if (failure.cause == BpfCause::other) {
      failure.cause = BpfCause::unsupported;
      failure.hint = "patterns need the list of the functions that ftrace can trace, " + error.path() +
                     ": no tracefs there, or a kernel without a function tracer";
    }
    throw BpfError(std::move(failure));
  }
  if (functions.empty()) {
    BpfFailure failure = attach_failure(program, ENOENT, target);
    failure.cause = BpfCause::no_such_function;
    failure.hint = "no function that ftrace can trace fits the pattern";
    throw BpfError(std::move(failure));
  }
  return functions;
}

}  // namespace fathom::bpf
