#pragma once

#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_program.hpp>

#include <string>

namespace fathom {

/// A program of `SEC("sk_lookup")`: when a connection or a datagram comes in that belongs to no connected socket,
/// chooses with `bpf_sk_assign()` the socket that gets it, whatever address and port that one is bound to; a SockMap or
/// SockHash holds those to choose from.
///
///     bpf.map<fathom::SockMap>("listeners").set(0, listener);
///     fathom::BpfLink link = bpf.program<fathom::SkLookup>("steer").attach();
///     link.info().netns_inode;                              // as `ls -i /proc/self/ns/net` has it
///     link.update(bpf.program("steer_elsewhere"));
///
/// A network namespace has at most 64 of them, called in the order of attaching. A link outlives the namespace, but
/// does nothing then. Since Linux 5.9. Needs CAP_NET_ADMIN with CAP_BPF, or CAP_SYS_ADMIN. Throws BpfError:
/// bad_attach_target for what is no network namespace, resource for the 65th.
/// The program's source includes `<network.bpf.h>`, which has `struct bpf_sk_lookup`.
class SkLookup : public BpfProgram {
 public:
  /// Throws BpfError (bad_object) if it is of another type.
  explicit SkLookup(const BpfProgram& program);

  /// Attaches to the network namespace that this file is of: by default the calling thread's; "/run/netns/NAME" is one
  /// that `ip netns` made.
  [[nodiscard]] BpfLink attach(const std::string& netns = "/proc/thread-self/ns/net") const;
  /// Attaches to the network namespace of this descriptor.
  [[nodiscard]] BpfLink attach(int netns) const;
};

}  // namespace fathom
