#include "sock_map_attach.hpp"

#include "attach_failure.hpp"
#include "error_cause.hpp"
#include "link_access.hpp"
#include "link_create.hpp"

#include <fathom/base/unique_fd.hpp>
#include <fathom/bpf/bpf_error.hpp>

#include <bpf/bpf.h>

#include <cerrno>
#include <string>
#include <utility>

namespace fathom::bpf {

namespace {

bool holds_sockets(BpfMapType type) {
  return type == BpfMapType::sockmap || type == BpfMapType::sockhash;
}

// Since Linux 5.18 the kernel tells; without this BPF_PROG_ATTACH puts a program in the place of another's.
bool has_program(int map, bpf_attach_type type) {
  __u32 flags = 0;
  __u32 count = 1;
  __u32 id = 0;
  return ::bpf_prog_query(map, type, 0, &flags, &id, &count) == 0 && count != 0;
}

BpfError failure_of(const BpfProgram& program, int error, const std::string& target) {
  BpfFailure failure = attach_failure(program, error, target);
  // net/core/sock_map.c, sock_map_prog_update; parser and stream verdict are no company for a verdict.
  if (error == EBUSY) {
    failure.cause = BpfCause::bad_attach_target;
    failure.hint = "the map has such a program already, or one that goes with no other";
  } else if (failure.cause == BpfCause::unsupported) {
    failure.hint = "this kernel was built without CONFIG_BPF_STREAM_PARSER";
  }
  return BpfError(std::move(failure));
}

}  // namespace

BpfLink attach_to_sock_map(const BpfProgram& program, const BpfMap& sockets, BpfAttachType type) {
  const std::string target = "the map " + sockets.name();
  if (!holds_sockets(sockets.type()))
    throw bad_target(program, EINVAL, target,
                     "its type is " + std::string(to_string(sockets.type())) + ", and not sockmap or sockhash");
  const auto number = static_cast<bpf_attach_type>(type);
  const int map = sockets.native_handle();
  if (has_program(map, number))
    throw bad_target(program, EEXIST, target, "the map has a program of this kind already");
  UniqueFd link = create_link(link_attr(program.native_handle(), type, map));
  if (link)
    return LinkAccess::from_fd(std::move(link), program);
  if (errno != EINVAL)  // which older kernels say, those without links of this kind
    throw failure_of(program, errno, target);
  if (::bpf_prog_attach(program.native_handle(), map, number, 0) != 0)
    throw failure_of(program, errno, target);
  // Both handles keep what they are of, so that the numbers stay good.
  return LinkAccess::from_detacher(
      [program, sockets, number] {
        if (::bpf_prog_detach2(program.native_handle(), sockets.native_handle(), number) != 0 && errno != ENOENT)
          throw failed(errno, "detach", program.object_name(), program.name());
      },
      program);
}

}  // namespace fathom::bpf
