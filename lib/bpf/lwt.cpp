#include "lwt_route.hpp"
#include "rtnetlink.hpp"

#include <fathom/bpf/lwt.hpp>

#include <linux/lwtunnel.h>
#include <linux/netlink.h>

#include <cstddef>
#include <cstdint>
#include <linux/seg6_local.h>

namespace fathom {

namespace {

bool is_lwt(BpfProgramType type) {
  return type == BpfProgramType::lwt_in || type == BpfProgramType::lwt_out || type == BpfProgramType::lwt_xmit;
}

std::uint16_t attribute_of(BpfProgramType type) {
  if (type == BpfProgramType::lwt_in)
    return LWT_BPF_IN;
  return type == BpfProgramType::lwt_out ? LWT_BPF_OUT : LWT_BPF_XMIT;
}

void add_program(bpf::NetlinkRequest& request, const BpfProgram& program, const LwtRoute& route) {
  const std::size_t start = request.begin(static_cast<std::uint16_t>(attribute_of(program.type()) | NLA_F_NESTED));
  request.add(LWT_BPF_PROG_FD, static_cast<std::uint32_t>(program.native_handle()));
  request.add(LWT_BPF_PROG_NAME, program.name());
  request.end(start);
  if (route.headroom != 0)
    request.add(LWT_BPF_XMIT_HEADROOM, route.headroom);
}

void add_segment(bpf::NetlinkRequest& request, const BpfProgram& program, const LwtRoute& /*route*/) {
  request.add(SEG6_LOCAL_ACTION, std::uint32_t{SEG6_LOCAL_ACTION_END_BPF});
  const std::size_t start = request.begin(SEG6_LOCAL_BPF | NLA_F_NESTED);
  request.add(SEG6_LOCAL_BPF_PROG, static_cast<std::uint32_t>(program.native_handle()));
  request.add(SEG6_LOCAL_BPF_PROG_NAME, program.name());
  request.end(start);
}

}  // namespace

Lwt::Lwt(const BpfProgram& program) : BpfProgram(program, is_lwt(program.type()), "an lwt program") {}

BpfLink Lwt::attach(const LwtRoute& route) const {
  return bpf::attach_to_route(*this, route,
                              {.type = LWTUNNEL_ENCAP_BPF, .describe = add_program, .since = "CONFIG_LWTUNNEL_BPF"});
}

LwtSeg6Local::LwtSeg6Local(const BpfProgram& program)
    : BpfProgram(program, program.type() == BpfProgramType::lwt_seg6local, "an lwt_seg6local program") {}

BpfLink LwtSeg6Local::attach(const LwtRoute& route) const {
  return bpf::attach_to_route(*this, route,
                              {.type = LWTUNNEL_ENCAP_SEG6_LOCAL,
                               .describe = add_segment,
                               .since = "CONFIG_IPV6_SEG6_LWTUNNEL, or CONFIG_IPV6_SEG6_BPF (Linux 4.18)"});
}

}  // namespace fathom
