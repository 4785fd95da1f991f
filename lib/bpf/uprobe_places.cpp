#include "uprobe_places.hpp"

#include "attach_failure.hpp"
#include "elf_functions.hpp"
#include "target_names.hpp"

#include <fathom/base/error.hpp>
#include <fathom/base/glob.hpp>
#include <fathom/base/nearest_names.hpp>
#include <fathom/bpf/bpf_error.hpp>

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace fathom::bpf {

namespace {

std::vector<ElfFunction> functions_of(const BpfProgram& program, const std::string& binary) {
  try {
    return read_elf_functions(binary);
  } catch (const Error& error) {
    BpfFailure failure = attach_failure(program, error.code().value(), binary);
    if (failure.cause != BpfCause::denied)
      failure.cause = BpfCause::bad_attach_target;
    failure.hint = !error.hint().empty()                   ? error.hint()
                   : binary.find('/') == std::string::npos ? "give its path: libraries are not searched for"
                                                           : "the file cannot be read";
    throw BpfError(std::move(failure));
  }
}

BpfError no_function(const BpfProgram& program, const std::string& binary, const std::string& function,
                     const std::vector<ElfFunction>& all) {
  NearestNames nearest(function);
  for (const ElfFunction& other : all)
    nearest.offer(other.name);
  BpfFailure failure = attach_failure(program, ENOENT, function + " in " + binary);
  failure.cause = BpfCause::no_such_function;
  failure.hint = all.empty() ? "the file has no symbols of functions: give an offset"
                             : "the file has no function of this name" + nearest_names_hint(nearest);
  return BpfError(std::move(failure));
}

}  // namespace

int pid_of(const TaskScope& scope, int any, const BpfProgram& program) {
  const OneProcess* const task = std::get_if<OneProcess>(&scope);
  if (task == nullptr)
    return any;
  if (task->pid <= 0)
    throw bad_target(program, ESRCH, "the process " + std::to_string(task->pid), "a process id is above 0");
  return task->pid;
}

std::vector<std::uint64_t> function_offsets(const BpfProgram& program, const std::string& binary,
                                            const std::vector<std::string>& functions) {
  const std::vector<ElfFunction> all = functions_of(program, binary);
  std::vector<std::uint64_t> offsets;
  offsets.reserve(functions.size());
  for (const std::string& function : functions) {
    const auto found = std::ranges::find(all, function, &ElfFunction::name);
    if (found == all.end())
      throw no_function(program, binary, function, all);
    offsets.push_back(found->offset);
  }
  return offsets;
}

std::vector<std::uint64_t> matching_offsets(const BpfProgram& program, const std::string& binary,
                                            std::string_view pattern) {
  const std::vector<ElfFunction> all = functions_of(program, binary);
  std::vector<std::uint64_t> offsets;
  for (const ElfFunction& function : all) {
    if (matches_glob(pattern, function.name))
      offsets.push_back(function.offset);
  }
  if (offsets.empty())
    throw no_function(program, binary, std::string(pattern), all);
  std::ranges::sort(offsets);
  offsets.erase(std::ranges::unique(offsets).begin(), offsets.end());
  return offsets;
}

BinaryTarget parse_binary_target(const BpfProgram& program, const char* form) {
  const std::string& target = program.attach_target();
  const std::size_t colon = target.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == target.size() ||
      target.find('/', colon) != std::string::npos)
    throw no_target(program, form);
  return {target.substr(0, colon), target.substr(colon + 1)};
}

}  // namespace fathom::bpf
