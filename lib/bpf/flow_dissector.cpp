#include "netns_link.hpp"

#include <fathom/bpf/flow_dissector.hpp>

namespace fathom {

namespace {

constexpr bpf::NetnsKind kKind{.attach_type = BpfAttachType::flow_dissector,
                               .since = "5.7",
                               .full = "a network namespace has one flow dissector, and it has it already"};

}  // namespace

FlowDissector::FlowDissector(const BpfProgram& program)
    : BpfProgram(program, program.type() == BpfProgramType::flow_dissector, "a flow_dissector program") {}

BpfLink FlowDissector::attach(const std::string& netns) const {
  return bpf::attach_to_netns(*this, netns, kKind);
}

BpfLink FlowDissector::attach(int netns) const {
  return bpf::attach_to_netns(*this, netns, kKind);
}

}  // namespace fathom
