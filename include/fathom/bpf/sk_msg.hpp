#pragma once

#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_map.hpp>
#include <fathom/bpf/bpf_program.hpp>
#include <fathom/bpf/bpf_types.hpp>
#include <fathom/bpf/sock_map.hpp>

namespace fathom {

/// A program of `SEC("sk_msg")`: sees what is written to the sockets of a SockMap or SockHash, and passes it, drops it,
/// or hands it to another socket with `bpf_msg_redirect_map()` or `bpf_msg_redirect_hash()`, past the network.
///
///     auto peers = bpf.map<fathom::SockMap>("peers");
///     fathom::BpfLink link = bpf.program<fathom::SkMsg>("forward").attach(peers);
///     peers.set(0, socket);                                 // after attaching: a socket keeps what the map had then
///
/// A map has one. Attached as a link where the kernel has links of this kind (Linux 6.10), and with BPF_PROG_ATTACH
/// otherwise: then it cannot be pinned or updated, and info() throws. Sockets that are in the map already are not seen;
/// those in it stay with the program until they leave it. Since Linux 4.17. Needs CAP_NET_ADMIN with CAP_BPF, or
/// CAP_SYS_ADMIN. Throws BpfError: bad_attach_target for another type of map, and for one that has a program (EEXIST).
/// The program's source includes `<network.bpf.h>`, which has `struct sk_msg_md`.
class SkMsg : public BpfProgram {
 public:
  /// Throws BpfError (bad_object) if it is of another type.
  explicit SkMsg(const BpfProgram& program);

  /// Attaches to this SockMap or SockHash.
  template <BpfMapType Type, BpfKey K>
  [[nodiscard]] BpfLink attach(const BasicSockMap<Type, K>& sockets) const {
    return attach(sockets.map());
  }
  /// The same, of a map without C++ types.
  [[nodiscard]] BpfLink attach(const BpfMap& sockets) const;
};

}  // namespace fathom
