#pragma once

#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_program.hpp>

namespace fathom {

/// A program of `SEC("sk_reuseport")`: for each new connection or datagram to an address that several sockets share
/// (SO_REUSEPORT), chooses one of them with `bpf_sk_select_reuseport()` from a ReuseportSockArray.
///
///     auto sockets = bpf.map<fathom::ReuseportSockArray>("sockets");
///     sockets.set(0, first);                                // bound, and of TCP listening
///     sockets.set(1, second);
///     fathom::BpfLink link = bpf.program<fathom::SkReuseport>("choose").attach(first);   // for the whole group
///
/// The section "sk_reuseport/migrate" is also asked where the connections of a socket go that is closed (Linux 5.14).
/// The group has one program: attaching takes the place of what was there, which the kernel does not tell. The
/// attachment is no link to the kernel, so it cannot be pinned. It holds a descriptor of the socket, which is therefore
/// open until the link is gone; then the kernel chooses by hash again. Since Linux 4.19, taken away again since 5.3.
/// Throws BpfError: bad_attach_target for what is no socket, for one that is neither TCP nor UDP, and for one that was
/// bound without SO_REUSEPORT.
/// The program's source includes `<network.bpf.h>`, which has `struct sk_reuseport_md`.
class SkReuseport : public BpfProgram {
 public:
  /// Throws BpfError (bad_object) if it is of another type.
  explicit SkReuseport(const BpfProgram& program);

  /// Attaches to the group of this socket, which stays the caller's.
  [[nodiscard]] BpfLink attach(int socket) const;
};

}  // namespace fathom
