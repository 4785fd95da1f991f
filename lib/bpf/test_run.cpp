#include "error_cause.hpp"
#include "kernel_constants.hpp"

#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/test_run.hpp>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <string>

namespace fathom {

TestRunResult test_run(const BpfProgram& program, const TestRunOptions& options) {
  bpf_test_run_opts opts{};
  opts.sz = sizeof opts;
  opts.data_in = options.data.data();
  opts.data_size_in = static_cast<__u32>(options.data.size());
  opts.data_out = options.data_out.data();
  opts.data_size_out = static_cast<__u32>(options.data_out.size());
  opts.ctx_in = options.context.data();
  opts.ctx_size_in = static_cast<__u32>(options.context.size());
  opts.ctx_out = options.context_out.data();
  opts.ctx_size_out = static_cast<__u32>(options.context_out.size());
  // Types without repetition refuse any number but 0, which means once to the others.
  opts.repeat = options.repeat == 1 ? 0 : static_cast<int>(options.repeat);
  opts.flags = options.flags;
  opts.cpu = options.cpu;
  opts.batch_size = options.batch_size;
  if (::bpf_prog_test_run_opts(program.native_handle(), &opts) != 0) {
    const int error = errno;
    // A packet that is larger than the room for it is cut, and all else is as it should be.
    if (error != ENOSPC || opts.data_size_out <= options.data_out.size()) {
      BpfFailure failure{.errno_value = bpf::portable_errno(error),
                         .operation = "run",
                         .object = program.object_name(),
                         .name = program.name(),
                         .cause = bpf::cause_of(error, false)};
      if (failure.cause == BpfCause::unsupported)
        failure.hint = "the kernel has no test run for programs of type " + std::string(to_string(program.type())) +
                       " with this attach type";
      else if (failure.cause == BpfCause::denied)
        failure.hint = bpf::denied_hint(bpf::right_to_load(program.type()));
      throw BpfError(failure);
    }
  }
  return {.return_value = opts.retval,
          .duration = std::chrono::nanoseconds(opts.duration),
          .data_size = opts.data_size_out,
          .context_size = opts.ctx_size_out};
}

}  // namespace fathom
