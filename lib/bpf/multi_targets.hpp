#pragma once

#include <fathom/bpf/bpf_program.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fathom::bpf {

// What is common to the programs that one link attaches to many kernel functions.

/// "1 kernel function", "3 kernel functions".
[[nodiscard]] std::string functions_text(std::size_t count);

/// Throws BpfError (bad_attach_target) for no functions, and for cookies that are not one each.
void check_counts(const BpfProgram& program, std::size_t functions, std::size_t cookies);

/// The functions that ftrace can trace and that fit the pattern; at least one. Throws BpfError: unsupported where there
/// is no list of them, no_such_function.
[[nodiscard]] std::vector<std::string> functions_matching(const BpfProgram& program, const std::string& tracefs,
                                                          std::string_view pattern);

}  // namespace fathom::bpf
