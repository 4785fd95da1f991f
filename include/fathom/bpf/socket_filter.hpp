#pragma once

#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_program.hpp>

namespace fathom {

/// How a program is attached to a socket.
struct SocketFilterOptions {
  /// Whether a filter that the socket has already goes, for good. Without this it is an error.
  bool replace = false;
};

/// A program of `SEC("socket")`: sees each packet that comes in for one socket, and returns how many bytes of it the
/// socket gets: 0 drops it.
///
///     auto filter = bpf.program<fathom::SocketFilter>("first_64_bytes");
///     fathom::BpfLink link = filter.attach(socket);
///     link.detach();                                        // the socket gets everything again
///
/// Any kind of socket takes one: UDP, TCP, UNIX, AF_PACKET, netlink. The attachment is no link to the kernel, so it
/// cannot be pinned. It holds a descriptor of the socket, which is therefore open until the link is gone; whatever
/// filter the socket has then goes with it. Since Linux 3.19. Attaching needs no right besides that of loading. Throws
/// BpfError: bad_attach_target for what is no socket, for a socket that has a filter (EEXIST), and for one whose filter
/// is locked (SO_LOCK_FILTER).
/// The program's source includes `<network.bpf.h>`, which has `struct __sk_buff`.
class SocketFilter : public BpfProgram {
 public:
  /// Throws BpfError (bad_object) if it is of another type.
  explicit SocketFilter(const BpfProgram& program);

  /// Attaches to this socket, which stays the caller's.
  [[nodiscard]] BpfLink attach(int socket, const SocketFilterOptions& options = {}) const;
};

}  // namespace fathom
