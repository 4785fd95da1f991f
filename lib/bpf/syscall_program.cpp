#include "error_cause.hpp"

#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/syscall_program.hpp>

#include <bpf/bpf.h>

#include <cerrno>

namespace fathom {

SyscallProgram::SyscallProgram(const BpfProgram& program)
    : BpfProgram(program, program.type() == BpfProgramType::syscall, "a syscall program") {}

std::uint32_t SyscallProgram::run(std::span<std::byte> context) const {
  bpf_test_run_opts options{};
  options.sz = sizeof(options);
  options.ctx_in = context.data();
  options.ctx_size_in = static_cast<__u32>(context.size());
  if (::bpf_prog_test_run_opts(native_handle(), &options) != 0)
    throw bpf::failed(errno, "run", object_name(), name());
  return options.retval;
}

}  // namespace fathom
