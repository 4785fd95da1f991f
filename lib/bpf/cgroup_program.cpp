#include "attach_failure.hpp"
#include "cgroup_failure.hpp"
#include "cgroup_query.hpp"
#include "kernel_constants.hpp"
#include "link_access.hpp"
#include "link_create.hpp"

#include <fathom/base/unique_fd.hpp>
#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/cgroup_program.hpp>

#include <bpf/bpf.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace fathom {

namespace {

// Whose type of program an attach type is; unspec of those that are not of cgroups.
BpfProgramType program_type_of(BpfAttachType type) {
  using enum BpfAttachType;
  switch (type) {
    case cgroup_inet_ingress:
    case cgroup_inet_egress:
      return BpfProgramType::cgroup_skb;
    case cgroup_inet_sock_create:
    case cgroup_inet_sock_release:
    case cgroup_inet4_post_bind:
    case cgroup_inet6_post_bind:
      return BpfProgramType::cgroup_sock;
    case cgroup_inet4_bind:
    case cgroup_inet6_bind:
    case cgroup_inet4_connect:
    case cgroup_inet6_connect:
    case cgroup_udp4_sendmsg:
    case cgroup_udp6_sendmsg:
    case cgroup_udp4_recvmsg:
    case cgroup_udp6_recvmsg:
    case cgroup_inet4_getpeername:
    case cgroup_inet6_getpeername:
    case cgroup_inet4_getsockname:
    case cgroup_inet6_getsockname:
    case cgroup_unix_connect:
    case cgroup_unix_sendmsg:
    case cgroup_unix_recvmsg:
    case cgroup_unix_getpeername:
    case cgroup_unix_getsockname:
      return BpfProgramType::cgroup_sock_addr;
    case BpfAttachType::cgroup_device:
      return BpfProgramType::cgroup_device;
    case BpfAttachType::cgroup_sysctl:
      return BpfProgramType::cgroup_sysctl;
    case cgroup_getsockopt:
    case cgroup_setsockopt:
      return BpfProgramType::cgroup_sockopt;
    case cgroup_sock_ops:
      return BpfProgramType::sock_ops;
    case lsm_cgroup:
      return BpfProgramType::lsm;
    default:
      return BpfProgramType::unspec;
  }
}

bool is_of_cgroups(const BpfProgram& program) {
  switch (program.type()) {
    case BpfProgramType::cgroup_skb:
    case BpfProgramType::cgroup_sock:
    case BpfProgramType::cgroup_sock_addr:
    case BpfProgramType::cgroup_device:
    case BpfProgramType::cgroup_sysctl:
    case BpfProgramType::cgroup_sockopt:
    case BpfProgramType::sock_ops:
      return true;
    case BpfProgramType::lsm:  // of one from elsewhere the kernel does not tell what it was verified for
      return program.section().empty() || program.expected_attach_type() == BpfAttachType::lsm_cgroup;
    default:
      return false;
  }
}

BpfAttachType attach_type_of(const BpfProgram& program, std::optional<BpfAttachType> asked, const Cgroup& cgroup) {
  if (asked) {
    if (program_type_of(*asked) != program.type())
      throw bpf::bad_target(program, EINVAL, bpf::cgroup_target(cgroup),
                            "programs of type " + std::string(to_string(program.type())) + " are not attached by " +
                                std::string(to_string(*asked)));
    return *asked;
  }
  switch (program.type()) {
    case BpfProgramType::cgroup_device:
      return BpfAttachType::cgroup_device;
    case BpfProgramType::cgroup_sysctl:
      return BpfAttachType::cgroup_sysctl;
    case BpfProgramType::sock_ops:
      return BpfAttachType::cgroup_sock_ops;
    case BpfProgramType::lsm:
      return BpfAttachType::lsm_cgroup;
    default:
      break;
  }
  if (program.section().empty() || program.section() == "cgroup/skb")
    throw bpf::bad_target(program, EINVAL, bpf::cgroup_target(cgroup),
                          "nothing says where: set attach_type, which the kernel does not tell of a program from "
                          "elsewhere, nor a section 'cgroup/skb'");
  return program.expected_attach_type();
}

bool is_attached(int cgroup, BpfAttachType type, std::uint32_t id) {
  const bpf::CgroupQuery query = bpf::query_cgroup(cgroup, type, false);
  return std::ranges::find(query.programs, id, &CgroupAttachment::program_id) != query.programs.end();
}

// An attachment without a link.
struct Detacher {
  BpfProgram program;
  std::shared_ptr<const UniqueFd> folder;
  std::string target;
  BpfAttachType type;
  CgroupSharing sharing;

  void operator()() const {
    // Unless there may be several, the kernel takes away whatever is there, so look first.
    if (sharing != CgroupSharing::allow_multi && !is_attached(folder->get(), type, program.id()))
      return;
    if (::bpf_prog_detach2(program.native_handle(), folder->get(), static_cast<bpf_attach_type>(type)) == 0)
      return;
    const int error = errno;
    if (bpf::is_gone(error))
      return;
    BpfFailure failure = bpf::attach_failure(program, error, {});
    failure.operation = "detach from " + target + " the program";
    throw BpfError(std::move(failure));
  }
};

// An older kernel would not look at it.
void check_revision(const BpfProgram& program, const Cgroup& cgroup, BpfAttachType type,
                    std::optional<std::uint64_t> expected) {
  if (!expected || cgroup.revision(type))
    return;
  BpfFailure failure = bpf::attach_failure(program, EOPNOTSUPP, bpf::cgroup_target(cgroup));
  failure.hint = "revisions of what is attached to a cgroup came with Linux 6.17";
  throw BpfError(std::move(failure));
}

}  // namespace

CgroupProgram::CgroupProgram(const BpfProgram& program)
    : BpfProgram(program, is_of_cgroups(program), "a program of a cgroup") {}

BpfLink CgroupProgram::attach(const Cgroup& cgroup, const CgroupLinkOptions& options) const {
  const BpfAttachType type = attach_type_of(*this, options.attach_type, cgroup);
  bpf::LinkCreateAttr attr = bpf::link_attr(native_handle(), type, cgroup.native_handle());
  attr.flags = options.order.flags() | (options.preorder ? bpf::kPreorder : 0);
  attr.ordered.relative_fd = static_cast<std::uint32_t>(options.order.descriptor());
  attr.ordered.expected_revision = options.expected_revision.value_or(0);
  check_revision(*this, cgroup, type, options.expected_revision);
  UniqueFd link = bpf::create_link(attr);
  if (link)
    return LinkAccess::from_fd(std::move(link), *this);
  const int error = errno;
  throw bpf::cgroup_error({.program = *this, .cgroup = cgroup, .type = type, .place = attr.flags}, error);
}

BpfLink CgroupProgram::attach_without_link(const Cgroup& cgroup, const CgroupAttachOptions& options) const {
  const BpfAttachType type = attach_type_of(*this, options.attach_type, cgroup);
  Detacher detacher{*this, std::make_shared<const UniqueFd>(::fcntl(cgroup.native_handle(), F_DUPFD_CLOEXEC, 0)),
                    bpf::cgroup_target(cgroup), type, options.sharing};
  if (!*detacher.folder)
    throw BpfError(bpf::attach_failure(*this, errno, detacher.target));
  bpf::ProgAttachAttr attr{};
  attr.target_fd = static_cast<std::uint32_t>(cgroup.native_handle());
  attr.attach_bpf_fd = static_cast<std::uint32_t>(native_handle());
  attr.attach_type = static_cast<std::uint32_t>(type);
  const std::uint32_t place = options.order.flags() | (options.preorder ? bpf::kPreorder : 0);
  attr.attach_flags = static_cast<std::uint32_t>(options.sharing) | place | (options.replace ? BPF_F_REPLACE : 0);
  attr.replace_bpf_fd = options.replace ? static_cast<std::uint32_t>(options.replace->native_handle()) : 0;
  attr.relative_fd = static_cast<std::uint32_t>(options.order.descriptor());
  attr.expected_revision = options.expected_revision.value_or(0);
  check_revision(*this, cgroup, type, options.expected_revision);
  if (::syscall(SYS_bpf, BPF_PROG_ATTACH, &attr, sizeof(attr)) != 0) {
    const int error = errno;
    throw bpf::cgroup_error(
        {.program = *this, .cgroup = cgroup, .type = type, .sharing = options.sharing, .place = place, .link = false},
        error);
  }
  return LinkAccess::from_detacher(std::move(detacher), *this);
}

}  // namespace fathom
