#pragma once

#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_program.hpp>
#include <fathom/bpf/lwt.hpp>

#include <cstdint>

namespace fathom::bpf {

class NetlinkRequest;

/// What is done to the packets of a route, as rtnetlink is told it.
struct LwtEncap {
  std::uint16_t type;                                                     ///< LWTUNNEL_ENCAP_*
  void (*describe)(NetlinkRequest&, const BpfProgram&, const LwtRoute&);  ///< adds what stands in RTA_ENCAP
  const char* since;                                                      ///< what the kernel must have for it
};

/// Makes the route; the link removes it. Throws BpfError.
[[nodiscard]] BpfLink attach_to_route(const BpfProgram& program, const LwtRoute& route, const LwtEncap& encap);

}  // namespace fathom::bpf
