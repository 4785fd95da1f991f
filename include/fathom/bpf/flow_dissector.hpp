#pragma once

#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_program.hpp>

#include <string>

namespace fathom {

/// A program of `SEC("flow_dissector")`: takes the place of the kernel's own code that finds addresses, protocol and
/// ports in a packet, for the hash by which packets are spread over queues and processors.
///
///     fathom::BpfLink link = bpf.program<fathom::FlowDissector>("dissect").attach();
///     link.update(bpf.program("dissect_vlan"));
///
/// A network namespace has one; the first namespace's counts for all, so there may be one there or in others, not both.
/// The kernel asks it for packets whose hash neither the device nor the sender gave, and test_run() runs it on a packet
/// of one's own. Since Linux 4.20, links since 5.7. Needs CAP_NET_ADMIN with CAP_BPF, or CAP_SYS_ADMIN. Throws
/// BpfError: bad_attach_target for what is no network namespace, and for one that has a program already.
/// The program's source includes `<network.bpf.h>`, which has `struct bpf_flow_keys`.
class FlowDissector : public BpfProgram {
 public:
  /// Throws BpfError (bad_object) if it is of another type.
  explicit FlowDissector(const BpfProgram& program);

  /// Attaches to the network namespace that this file is of: by default the calling thread's; "/run/netns/NAME" is one
  /// that `ip netns` made.
  [[nodiscard]] BpfLink attach(const std::string& netns = "/proc/thread-self/ns/net") const;
  /// Attaches to the network namespace of this descriptor.
  [[nodiscard]] BpfLink attach(int netns) const;
};

}  // namespace fathom
