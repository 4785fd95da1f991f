#include "link_create.hpp"

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

namespace fathom::bpf {

LinkCreateAttr link_attr(int program_fd, BpfAttachType attach_type, int target_fd) noexcept {
  LinkCreateAttr attr;
  std::memset(&attr, 0, sizeof(attr));  // the whole union: older kernels refuse what they do not know and is not 0
  attr.prog_fd = static_cast<std::uint32_t>(program_fd);
  attr.target_fd = static_cast<std::uint32_t>(target_fd);
  attr.attach_type = static_cast<std::uint32_t>(attach_type);
  return attr;
}

UniqueFd create_link(const LinkCreateAttr& attr) noexcept {
  LinkCreateAttr copy = attr;  // the system call's argument is not const
  return UniqueFd(static_cast<int>(::syscall(SYS_bpf, BPF_LINK_CREATE, &copy, sizeof(copy))));
}

}  // namespace fathom::bpf
