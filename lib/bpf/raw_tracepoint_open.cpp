#include "raw_tracepoint_open.hpp"

#include "error_cause.hpp"
#include "target_names.hpp"
#include "tracefs_path.hpp"

#include <fathom/bpf/bpf_error.hpp>

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <utility>

namespace fathom::bpf {

namespace {

// The part of `union bpf_attr` for BPF_RAW_TRACEPOINT_OPEN, with the cookie that Linux 6.10 added.
struct RawTracepointAttr {
  std::uint64_t name;
  std::uint32_t prog_fd;
  std::uint32_t padding;
  std::uint64_t cookie;
};

}  // namespace

UniqueFd open_raw_tracepoint(const RawTracepointTarget& target, const BpfProgram& program) {
  RawTracepointAttr attr{};
  attr.name = target.event.empty() ? 0 : reinterpret_cast<std::uintptr_t>(target.event.c_str());
  attr.prog_fd = static_cast<std::uint32_t>(program.native_handle());
  attr.cookie = target.cookie;
  const long fd = ::syscall(SYS_bpf, BPF_RAW_TRACEPOINT_OPEN, &attr, sizeof(attr));
  if (fd >= 0)
    return UniqueFd(static_cast<int>(fd));

  BpfFailure failure{.errno_value = errno,
                     .operation = "attach",
                     .object = program.object_name(),
                     .name = program.name(),
                     .target = target.event.empty() ? program.attach_target() : "the raw tracepoint " + target.event};
  failure.cause = cause_of(failure.errno_value, false);
  if (failure.cause == BpfCause::denied) {
    failure.hint = denied_hint(Right::tracing);
  } else if (failure.errno_value == E2BIG && target.cookie != 0) {
    failure.cause = BpfCause::unsupported;
    failure.hint = "cookies of raw tracepoints came with Linux 6.10";
  } else if (failure.errno_value == ENOENT && !target.event.empty()) {
    failure.cause = BpfCause::bad_attach_target;
    failure.hint = "there is no such tracepoint" + near_events(tracefs_or_default(target.tracefs), {}, target.event);
  } else if (failure.errno_value == EINVAL && !target.event.empty()) {
    // kernel/trace/bpf_trace.c, bpf_probe_register: it reads an argument that the tracepoint does not have.
    failure.cause = BpfCause::bad_attach_target;
    failure.hint = "the program reads more arguments than this tracepoint has";
  }
  throw BpfError(std::move(failure));
}

}  // namespace fathom::bpf
