#include "link_access.hpp"
#include "raw_tracepoint_open.hpp"

#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/raw_tracepoint.hpp>

#include <cerrno>
#include <string>
#include <string_view>

namespace fathom {

RawTracepoint::RawTracepoint(const BpfProgram& program)
    : BpfProgram(
          program,
          program.type() == BpfProgramType::raw_tracepoint || program.type() == BpfProgramType::raw_tracepoint_writable,
          "a raw tracepoint program") {}

BpfLink RawTracepoint::attach(const RawTracepointOptions& options) const {
  return attach(attach_target(), options);
}

BpfLink RawTracepoint::attach(std::string_view event, const RawTracepointOptions& options) const {
  if (event.empty())
    throw BpfError({.errno_value = EINVAL,
                    .operation = "attach",
                    .object = object_name(),
                    .name = name(),
                    .cause = BpfCause::bad_attach_target,
                    .hint = "the section '" + section() + "' names no tracepoint: say which, or set attach_target"});
  return LinkAccess::from_fd(
      bpf::open_raw_tracepoint({std::string(event), options.cookie.value_or(0), options.tracefs}, *this), *this);
}

}  // namespace fathom
