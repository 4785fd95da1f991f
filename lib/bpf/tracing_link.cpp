#include "tracing_link.hpp"

#include "attach_failure.hpp"
#include "link_access.hpp"
#include "link_create.hpp"
#include "raw_tracepoint_open.hpp"

#include <fathom/bpf/bpf_error.hpp>

#include <cerrno>
#include <utility>

namespace fathom::bpf {

BpfLink attach_tracing(const BpfProgram& program, std::optional<std::uint64_t> cookie) {
  if (!cookie)
    return LinkAccess::from_fd(open_raw_tracepoint({}, program), program);
  LinkCreateAttr attr = link_attr(program.native_handle(), program.expected_attach_type());
  attr.tracing.cookie = *cookie;
  UniqueFd link = create_link(attr);
  if (link)
    return LinkAccess::from_fd(std::move(link), program);
  BpfFailure failure = attach_failure(program, errno, program.attach_target());
  if (failure.errno_value == EINVAL || failure.errno_value == E2BIG) {
    failure.cause = BpfCause::unsupported;
    failure.hint = "cookies of this kind of program came with Linux 5.19";
  } else if (failure.errno_value == EBUSY) {
    failure.cause = BpfCause::bad_attach_target;
    failure.hint = "something else changes this function already";
  }
  throw BpfError(std::move(failure));
}

}  // namespace fathom::bpf
