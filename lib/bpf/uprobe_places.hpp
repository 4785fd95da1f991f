#pragma once

#include <fathom/bpf/bpf_program.hpp>
#include <fathom/bpf/task_scope.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fathom::bpf {

/// The number that system calls take for a scope: `any` for AnyTask. Throws BpfError (bad_attach_target) for a process
/// id that is none.
[[nodiscard]] int pid_of(const TaskScope& scope, int any, const BpfProgram& program);

/// Where functions begin in a file, in their order. Throws BpfError: no_such_function with the nearest names, or
/// bad_attach_target for the file.
[[nodiscard]] std::vector<std::uint64_t> function_offsets(const BpfProgram& program, const std::string& binary,
                                                          const std::vector<std::string>& functions);

/// Where the functions begin that fit the glob, each place once. Throws the same, if none does.
[[nodiscard]] std::vector<std::uint64_t> matching_offsets(const BpfProgram& program, const std::string& binary,
                                                          std::string_view pattern);

/// "BINARY:REST" of a section, split at the last ':' that is followed by no '/'. Throws BpfError where there is none.
struct BinaryTarget {
  std::string binary;
  std::string rest;
};
[[nodiscard]] BinaryTarget parse_binary_target(const BpfProgram& program, const char* form);

}  // namespace fathom::bpf
