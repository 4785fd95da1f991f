#include "cgroup_failure.hpp"

#include "attach_failure.hpp"
#include "cgroup_query.hpp"
#include "error_cause.hpp"
#include "kernel_constants.hpp"
#include "link_create.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <utility>

namespace fathom::bpf {

namespace {

struct Reason {
  BpfCause cause{};
  std::string hint;
};

std::string first_program(const CgroupQuery& query) {
  return "the program of id " + std::to_string(query.programs.front().program_id) + " is attached " +
         std::string(to_string(query.programs.front().sharing));
}

// Who forbids it, as kernel/bpf/cgroup.c decides in hierarchy_allows_attach() and __cgroup_bpf_attach().
std::optional<Reason> who_forbids(const CgroupRequest& request) {
  const CgroupQuery own = query_cgroup(request.cgroup.native_handle(), request.type, false);
  if (own.errno_value == EPERM)
    return Reason{BpfCause::denied, denied_hint(Right::network_query)};
  if (!own.programs.empty() && own.programs.front().sharing != request.sharing)
    return Reason{BpfCause::bad_attach_target,
                  first_program(own) + " to it already, and this would be " + std::string(to_string(request.sharing))};
  unsigned level = 1;
  for (UniqueFd above = parent_cgroup(request.cgroup.native_handle()); above;
       above = parent_cgroup(above.get()), ++level) {
    const CgroupQuery query = query_cgroup(above.get(), request.type, false);
    if (query.programs.empty())
      continue;
    const CgroupSharing sharing = query.programs.front().sharing;
    if (sharing == CgroupSharing::exclusive ||
        (sharing == CgroupSharing::allow_override && request.sharing == CgroupSharing::allow_multi))
      return Reason{BpfCause::bad_attach_target,
                    first_program(query) + " to the cgroup " + std::to_string(level) + " above it"};
    break;
  }
  return std::nullopt;
}

// Whether this kernel's links to cgroups take these flags: it looks at them before it looks for the cgroup.
bool knows_flags(const CgroupRequest& request, std::uint32_t flags) {
  LinkCreateAttr attr = link_attr(request.program.native_handle(), request.type, -1);
  attr.flags = flags;
  return !create_link(attr) && errno == EBADF;
}

std::optional<Reason> why_invalid(const CgroupRequest& request) {
  if (request.link && !knows_flags(request, 0))
    return Reason{BpfCause::unsupported, "links to cgroups came with Linux 5.7, of " +
                                             std::string(to_string(request.type)) +
                                             " with its type of programs; attach_without_link() needs none"};
  if (request.place != 0 && !knows_flags(request, request.place))
    return Reason{BpfCause::unsupported,
                  "an order among the programs of a cgroup came with Linux 6.17, preorder with "
                  "6.15"};
  const CgroupQuery own = query_cgroup(request.cgroup.native_handle(), request.type, false);
  if (!request.link &&
      std::ranges::find(own.programs, request.program.id(), &CgroupAttachment::program_id) != own.programs.end())
    return Reason{BpfCause::bad_attach_target, "this program is attached to it already"};
  if ((request.place & (kBefore | kAfter)) != 0)
    return Reason{
        BpfCause::bad_attach_target,
        "it cannot be placed there: a link goes beside a link, and a program without one beside another such, "
        "of the same attach type and preorder"};
  return std::nullopt;
}

std::optional<Reason> reason_of(const CgroupRequest& request, int errno_value) {
  const CgroupQuery now = query_cgroup(request.cgroup.native_handle(), request.type, false);
  if (is_gone(now.errno_value))
    return Reason{BpfCause::bad_attach_target, "the cgroup has been removed"};
  switch (errno_value) {
    case EPERM:
      return who_forbids(request);
    case EINVAL:
      return why_invalid(request);
    case ENOENT:
      return Reason{BpfCause::bad_attach_target,
                    (request.place & (kBefore | kAfter)) != 0
                        ? "what it was to be placed beside is not attached to this cgroup"
                        : "the program that it was to replace is not attached to this cgroup without a link"};
    case ESTALE:
      return Reason{BpfCause::bad_attach_target,
                    "what is attached to it has changed: its revision is " + std::to_string(now.revision.value_or(0))};
    case E2BIG:
      return Reason{BpfCause::resource, std::to_string(now.programs.size()) + " programs are attached to it already"};
    default:
      return std::nullopt;
  }
}

}  // namespace

BpfError cgroup_error(const CgroupRequest& request, int errno_value) {
  BpfFailure failure = attach_failure(request.program, errno_value, cgroup_target(request.cgroup));
  if (auto reason = reason_of(request, errno_value)) {
    failure.cause = reason->cause;
    failure.hint = std::move(reason->hint);
  }
  return BpfError(std::move(failure));
}

std::string cgroup_target(const Cgroup& cgroup) {
  return "the cgroup " + cgroup.path();
}

}  // namespace fathom::bpf
