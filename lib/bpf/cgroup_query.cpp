#include "cgroup_query.hpp"

#include "kernel_constants.hpp"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/magic.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace fathom::bpf {

namespace {

constexpr std::uint32_t kSharing = BPF_F_ALLOW_OVERRIDE | BPF_F_ALLOW_MULTI;

int ask(ProgQueryAttr& attr) {
  return ::syscall(SYS_bpf, BPF_PROG_QUERY, &attr, sizeof(attr)) == 0 ? 0 : errno;
}

}  // namespace

CgroupQuery query_cgroup(int cgroup, BpfAttachType type, bool effective) {
  // Programs of each hook of lsm_cgroup have flags of their own, which the kernel wants room for; of a query for what
  // is effective it refuses that room.
  const bool own_flags = type == BpfAttachType::lsm_cgroup && !effective;
  // As many as the kernel allows a cgroup (BPF_CGROUP_MAX_PROGS); there may be more along the path to the root.
  std::vector<std::uint32_t> ids(64);
  std::vector<std::uint32_t> flags;
  for (;;) {
    flags.resize(own_flags ? ids.size() : 0);
    ProgQueryAttr attr{};
    attr.target_fd = static_cast<std::uint32_t>(cgroup);
    attr.attach_type = static_cast<std::uint32_t>(type);
    attr.query_flags = effective ? BPF_F_QUERY_EFFECTIVE : 0;
    attr.prog_ids = reinterpret_cast<std::uintptr_t>(ids.data());
    attr.prog_attach_flags = own_flags ? reinterpret_cast<std::uintptr_t>(flags.data()) : 0;
    attr.prog_cnt = static_cast<std::uint32_t>(ids.size());
    const int error = ask(attr);
    if (error == ENOSPC) {
      ids.resize(2 * ids.size());
      continue;
    }
    CgroupQuery result{.errno_value = error, .programs = {}, .revision = {}};
    if (error != 0)
      return result;
    for (std::size_t i = 0; i < attr.prog_cnt && i < ids.size(); ++i)
      result.programs.push_back(
          {ids[i], static_cast<CgroupSharing>((own_flags ? flags[i] : attr.attach_flags) & kSharing)});
    if (attr.revision != 0)
      result.revision = attr.revision;
    return result;
  }
}

UniqueFd parent_cgroup(int cgroup) {
  UniqueFd parent(::openat(cgroup, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (parent && !is_cgroup(parent.get()))
    parent.reset();
  return parent;
}

bool is_cgroup(int folder) {
  struct statfs system{};
  return ::fstatfs(folder, &system) == 0 && system.f_type == CGROUP2_SUPER_MAGIC;
}

bool is_gone(int errno_value) noexcept {
  return errno_value == ENOENT || errno_value == ENODEV;
}

}  // namespace fathom::bpf
