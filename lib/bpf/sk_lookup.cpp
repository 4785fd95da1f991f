#include "netns_link.hpp"

#include <fathom/bpf/sk_lookup.hpp>

namespace fathom {

namespace {

constexpr bpf::NetnsKind kKind{.attach_type = BpfAttachType::sk_lookup,
                               .since = "5.9",
                               .full = "a network namespace has at most 64 programs of this kind"};

}  // namespace

SkLookup::SkLookup(const BpfProgram& program)
    : BpfProgram(program, program.type() == BpfProgramType::sk_lookup, "an sk_lookup program") {}

BpfLink SkLookup::attach(const std::string& netns) const {
  return bpf::attach_to_netns(*this, netns, kKind);
}

BpfLink SkLookup::attach(int netns) const {
  return bpf::attach_to_netns(*this, netns, kKind);
}

}  // namespace fathom
