#include "perf_link.hpp"

#include "attach_failure.hpp"
#include "link_create.hpp"

#include <cerrno>
#include <string>
#include <utility>

namespace fathom::bpf {

UniqueFd link_to_perf_event(const BpfProgram& program, int perf_event, std::optional<std::uint64_t> cookie,
                            const std::string& target) {
  LinkCreateAttr attr = link_attr(program.native_handle(), BpfAttachType::perf_event, perf_event);
  attr.perf_event.cookie = cookie.value_or(0);
  UniqueFd link = create_link(attr);
  if (link)
    return link;
  BpfFailure failure = attach_failure(program, errno, target);
  switch (failure.errno_value) {
    case EBADF:
      failure.cause = BpfCause::bad_attach_target;
      failure.hint = "this descriptor is no perf event";
      break;
    case EEXIST:
    case EBUSY:
      failure.cause = BpfCause::bad_attach_target;
      failure.hint = "the event has a program already";
      break;
    case EINVAL:
      // kernel/events/core.c, perf_event_set_bpf_prog and perf_event_set_bpf_handler.
      failure.cause = BpfCause::bad_attach_target;
      failure.hint = "the event does not take programs of this type";
      break;
    case EPROTO:
      failure.cause = BpfCause::bad_attach_target;
      failure.hint = "the program takes stacks, so the event must record call chains, the kernel's included";
      break;
    default:
      break;
  }
  throw BpfError(std::move(failure));
}

}  // namespace fathom::bpf
