#pragma once

#include <fathom/bpf/bpf_attach_order.hpp>
#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_program.hpp>
#include <fathom/bpf/bpf_types.hpp>
#include <fathom/bpf/cgroup.hpp>

#include <cstdint>
#include <optional>

namespace fathom {

/// How a program is attached to a cgroup by a link.
struct CgroupLinkOptions {
  /// Where it is attached; empty for what the section says. Has to be given of a program that was pinned or found by
  /// id, and of `SEC("cgroup/skb")`, which name none.
  std::optional<BpfAttachType> attach_type{};
  /// Where among the programs of this cgroup it runs. Since Linux 6.17.
  BpfAttachOrder order{};
  /// Before the programs of the cgroups below, which else run first (BPF_F_PREORDER). Since Linux 6.15.
  bool preorder = false;
  /// Attach only if Cgroup::revision() is still this, else throw (ESTALE). Since Linux 6.17.
  std::optional<std::uint64_t> expected_revision{};
};

/// How a program is attached to a cgroup without a link.
struct CgroupAttachOptions {
  std::optional<BpfAttachType> attach_type{};          ///< as of CgroupLinkOptions
  CgroupSharing sharing = CgroupSharing::allow_multi;  ///< who else may be attached here and below
  BpfAttachOrder order{};                              ///< as of CgroupLinkOptions; with allow_multi
  bool preorder = false;                               ///< as of CgroupLinkOptions; with allow_multi
  /// The program, attached without a link, whose place this one takes, with no gap; with allow_multi, and no order.
  /// Since Linux 5.6.
  std::optional<BpfProgram> replace{};
  std::optional<std::uint64_t> expected_revision{};  ///< as of CgroupLinkOptions
};

/// A program that decides or watches what the processes of a cgroup, and of those below it, do. One class for the whole
/// family, since all are attached in the same way; what the program gets and what it may return is its section's:
///
/// | section                                                                   | runs when                            |
/// |---------------------------------------------------------------------------|--------------------------------------|
/// | `cgroup_skb/ingress`, `cgroup_skb/egress`                                 | a packet comes or goes; 0 drops it   |
/// | `cgroup/sock_create`, `cgroup/sock_release`                               | a socket is made, closed             |
/// | `cgroup/bind4`, `bind6`, `post_bind4`, `post_bind6`                       | a socket gets an address             |
/// | `cgroup/connect4`, `connect6`, `connect_unix`                             | before connect(2); may change where  |
/// | `cgroup/sendmsg4`, `sendmsg6`, `sendmsg_unix`, `recvmsg...`               | unconnected datagrams                |
/// | `cgroup/getpeername4`, `getsockname4`, `..6`, `.._unix`                   | an address is asked for              |
/// | `cgroup/getsockopt`, `cgroup/setsockopt`                                  | an option of a socket is read or set |
/// | `cgroup/dev`                                                              | a device is opened or made           |
/// | `cgroup/sysctl`                                                           | a file of /proc/sys is read, written |
/// | `sockops`                                                                 | a TCP connection changes             |
/// | `lsm_cgroup/HOOK`                                                         | the kernel asks its security modules |
///
///     auto guard = bpf.program<fathom::CgroupProgram>("guard");             // SEC("cgroup/connect4")
///     fathom::BpfLink link = guard.attach(fathom::Cgroup("/sys/fs/cgroup/app.slice"));
///     link.update(newer, guard);                                            // only if guard is still the one
///     auto only = guard.attach_without_link(cgroup, {.sharing = fathom::CgroupSharing::exclusive});
///
/// Where a program refuses, the system call fails with EPERM, or with what bpf_set_retval() said (since Linux 5.18).
/// Links since Linux 5.7; the `_unix` sections since 6.7, `lsm_cgroup` since 6.0. Needs CAP_BPF, and CAP_NET_ADMIN for
/// most kinds; lsm_cgroup CAP_PERFMON. Throws BpfError: bad_attach_target where the cgroup is gone, or where what is
/// attached to it or further up forbids it (the hint names that); unsupported where the kernel is too old.
/// The program's source includes `<network.bpf.h>`, which has `struct bpf_sock_addr` and what the other kinds get:
/// `__sk_buff`, `bpf_sock`, `bpf_sockopt`, `bpf_sysctl`, `bpf_sock_ops`.
class CgroupProgram : public BpfProgram {
 public:
  /// Throws BpfError (bad_object) if it is of another type.
  explicit CgroupProgram(const BpfProgram& program);

  /// Attaches it beside those that are there, for as long as the link lives. When the cgroup is removed, the link stays
  /// and is soon attached to nothing: its info().cgroup_id is 0.
  [[nodiscard]] BpfLink attach(const Cgroup& cgroup, const CgroupLinkOptions& options = {}) const;
  /// Attaches it by BPF_PROG_ATTACH, as systemd and older tools do: needed to allow less than allow_multi. The kernel
  /// keeps it when this process dies; destroying or detach()ing what this returns takes it away if it is still there
  /// and does nothing if another took its place.
  [[nodiscard]] BpfLink attach_without_link(const Cgroup& cgroup, const CgroupAttachOptions& options = {}) const;
};

}  // namespace fathom
