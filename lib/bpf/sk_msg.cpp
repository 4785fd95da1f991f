#include "sock_map_attach.hpp"

#include <fathom/bpf/sk_msg.hpp>

namespace fathom {

SkMsg::SkMsg(const BpfProgram& program)
    : BpfProgram(program, program.type() == BpfProgramType::sk_msg, "an sk_msg program") {}

BpfLink SkMsg::attach(const BpfMap& sockets) const {
  return bpf::attach_to_sock_map(*this, sockets, BpfAttachType::sk_msg_verdict);
}

}  // namespace fathom
