#include "netns_link.hpp"

#include "attach_failure.hpp"
#include "link_access.hpp"
#include "link_create.hpp"

#include <fathom/base/unique_fd.hpp>
#include <fathom/bpf/bpf_error.hpp>

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <string>
#include <utility>

namespace fathom::bpf {

namespace {

// kernel/bpf/net_namespace.c, netns_bpf_link_create and netns_bpf_link_attach.
BpfLink attach(const BpfProgram& program, int netns, const NetnsKind& kind, const std::string& target) {
  if (const int type = ::ioctl(netns, NS_GET_NSTYPE); type != CLONE_NEWNET) {
    const int error = type < 0 ? errno : EINVAL;
    throw bad_target(program, error, target, error == EBADF ? "it is not open" : "it is no network namespace");
  }
  UniqueFd link = create_link(link_attr(program.native_handle(), kind.attach_type, netns));
  if (link)
    return LinkAccess::from_fd(std::move(link), program);
  BpfFailure failure = attach_failure(program, errno, target);
  if (failure.errno_value == E2BIG) {
    failure.cause = BpfCause::resource;
    failure.hint = kind.full;
  } else if (failure.errno_value == EEXIST) {
    failure.cause = BpfCause::bad_attach_target;
    failure.hint = "it has a program already, or the first network namespace has one, which counts for all";
  } else if (failure.errno_value == EINVAL) {
    failure.cause = BpfCause::unsupported;
    failure.hint = std::string("links of this kind came with Linux ") + kind.since;
  }
  throw BpfError(std::move(failure));
}

}  // namespace

BpfLink attach_to_netns(const BpfProgram& program, const std::string& path, const NetnsKind& kind) {
  const std::string target = "the network namespace " + path;
  const UniqueFd netns(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!netns)
    throw bad_target(program, errno, target, "it cannot be opened");
  return attach(program, netns.get(), kind, target);
}

BpfLink attach_to_netns(const BpfProgram& program, int netns, const NetnsKind& kind) {
  return attach(program, netns, kind, "the network namespace of descriptor " + std::to_string(netns));
}

}  // namespace fathom::bpf
