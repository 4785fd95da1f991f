#include "attach_failure.hpp"
#include "sock_map_attach.hpp"

#include <fathom/bpf/sk_skb.hpp>

#include <cerrno>
#include <string>

namespace fathom {

SkSkb::SkSkb(const BpfProgram& program)
    : BpfProgram(program, program.type() == BpfProgramType::sk_skb, "an sk_skb program") {}

BpfLink SkSkb::attach(const BpfMap& sockets) const {
  return attach(sockets, expected_attach_type());
}

BpfLink SkSkb::attach(const BpfMap& sockets, BpfAttachType type) const {
  using enum BpfAttachType;
  if (type != sk_skb_stream_parser && type != sk_skb_stream_verdict && type != sk_skb_verdict)
    throw bpf::bad_target(*this, EINVAL, "the map " + sockets.name(),
                          "say which it is: sk_skb_stream_parser, sk_skb_stream_verdict or sk_skb_verdict");
  return bpf::attach_to_sock_map(*this, sockets, type);
}

}  // namespace fathom
