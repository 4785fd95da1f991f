#pragma once

#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_map.hpp>
#include <fathom/bpf/bpf_program.hpp>
#include <fathom/bpf/bpf_types.hpp>
#include <fathom/bpf/sock_map.hpp>

namespace fathom {

/// A program of `SEC("sk_skb/stream_parser")`, `SEC("sk_skb/stream_verdict")` or `SEC("sk_skb/verdict")`: sees what
/// comes in for the sockets of a SockMap or SockHash. A parser returns how long the message is that begins there; a
/// verdict passes it, drops it, or hands it to another socket with `bpf_sk_redirect_map()` or `bpf_sk_redirect_hash()`.
///
///     auto peers = bpf.map<fathom::SockMap>("peers");
///     fathom::BpfLink link = bpf.program<fathom::SkSkb>("on_packet").attach(peers);      // SEC("sk_skb/verdict")
///     peers.set(0, socket);                                 // after attaching: a socket keeps what the map had then
///
/// A map has a parser and a stream verdict, TCP alone, or a verdict, which is for UDP and UNIX sockets too. Attached as
/// a link where the kernel has links of this kind (Linux 6.10), and with BPF_PROG_ATTACH otherwise: then it cannot be
/// pinned or updated, and info() throws. Stream programs since Linux 4.14, verdict 5.13. Needs CAP_NET_ADMIN with
/// CAP_BPF, or CAP_SYS_ADMIN. Throws BpfError: bad_attach_target for another type of map, for one that has such a
/// program (EEXIST), and for the section "sk_skb", which does not say which of the three it is.
/// The program's source includes `<network.bpf.h>`, which has `struct __sk_buff`.
class SkSkb : public BpfProgram {
 public:
  /// Throws BpfError (bad_object) if it is of another type.
  explicit SkSkb(const BpfProgram& program);

  /// Attaches to this SockMap or SockHash as what the section says.
  template <BpfMapType Type, BpfKey K>
  [[nodiscard]] BpfLink attach(const BasicSockMap<Type, K>& sockets) const {
    return attach(sockets.map());
  }
  /// The same, of a map without C++ types.
  [[nodiscard]] BpfLink attach(const BpfMap& sockets) const;
  /// Attaches as sk_skb_stream_parser, sk_skb_stream_verdict or sk_skb_verdict: for the section "sk_skb" and for
  /// programs that were not loaded here.
  [[nodiscard]] BpfLink attach(const BpfMap& sockets, BpfAttachType type) const;
};

}  // namespace fathom
