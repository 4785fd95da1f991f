#pragma once

#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_program.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace fathom {

/// A route that is made for a program: which packets go through it.
struct LwtRoute {
  /// Where to: "10.1.0.0/16", "2001:db8::/32", or one address.
  std::string destination;
  /// The device that they leave by, or, of a local route, come in by: its number, as if_nametoindex() gives it.
  std::uint32_t ifindex{};
  /// The next machine; empty if the destination is on the device's own network.
  std::string gateway{};
  /// Whether the destination is an address of this machine.
  bool local = false;
  /// The routing table; empty for `main`, or `local` of a local route.
  std::optional<std::uint32_t> table{};
  /// Which of several routes to a destination counts: the lowest. 0 is the kernel's own choice.
  std::uint32_t metric = 0;
  /// Bytes that are kept free in front of each packet, for what lwt_xmit puts there: 0 to 256.
  std::uint32_t headroom = 0;
};

/// A program of `SEC("lwt_in")`, `SEC("lwt_out")` or `SEC("lwt_xmit")`: sees the packets of one route, when they come
/// in, when they are routed out, or when they are handed to the device, where it may change them.
///
///     auto count = bpf.program<fathom::Lwt>("count");                       // SEC("lwt_out")
///     fathom::BpfLink link = count.attach({.destination = "10.1.0.0/16", .ifindex = if_nametoindex("eth0")});
///
/// Attaching makes the route, in the calling thread's network namespace, and the link is the route's: it is removed
/// with the link, which is none to the kernel and cannot be pinned, and it stays if the process dies. A route that is
/// there already is an error (EEXIST). Since Linux 4.10 with CONFIG_LWTUNNEL_BPF; without that, BpfError
/// (unsupported). Needs CAP_NET_ADMIN, and to load CAP_BPF or CAP_SYS_ADMIN. Throws BpfError: bad_attach_target for a
/// route that the kernel does not take, with what it says about it.
/// The program's source includes `<network.bpf.h>`, which has `struct __sk_buff`.
class Lwt : public BpfProgram {
 public:
  /// Throws BpfError (bad_object) if it is of another type.
  explicit Lwt(const BpfProgram& program);

  /// Makes a route through the program.
  [[nodiscard]] BpfLink attach(const LwtRoute& route) const;
};

/// A program of `SEC("lwt_seg6local")`: what an IPv6 address does as a segment that packets are routed by (End.BPF).
/// The packet has the next segment as its destination when the program sees it.
///
///     fathom::BpfLink link = bpf.program<fathom::LwtSeg6Local>("end").attach({"fc00::6/128", if_nametoindex("eth0")});
///
/// `local` and `headroom` of the route have no meaning here. Since Linux 4.18 with CONFIG_IPV6_SEG6_BPF. Everything
/// else is as for Lwt.
class LwtSeg6Local : public BpfProgram {
 public:
  /// Throws BpfError (bad_object) if it is of another type.
  explicit LwtSeg6Local(const BpfProgram& program);

  /// Makes a route through the program.
  [[nodiscard]] BpfLink attach(const LwtRoute& route) const;
};

}  // namespace fathom
