#pragma once

#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/bpf_program.hpp>

#include <string>

namespace fathom::bpf {

/// What is common to all errors of attaching: the cause as errno tells it, and a hint if that is `denied`.
[[nodiscard]] BpfFailure attach_failure(const BpfProgram& program, int errno_value, std::string target);

/// The error of a target that is none, found before the kernel is asked.
[[nodiscard]] BpfError bad_target(const BpfProgram& program, int errno_value, std::string target, std::string hint);

/// The error of attach() without a target, where the section has none either. `form` says what it should look like.
[[nodiscard]] BpfError no_target(const BpfProgram& program, const std::string& form);

}  // namespace fathom::bpf
