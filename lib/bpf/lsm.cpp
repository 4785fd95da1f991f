#include "tracing_link.hpp"

#include <fathom/bpf/lsm.hpp>

namespace fathom {

Lsm::Lsm(const BpfProgram& program)
    : BpfProgram(program,
                 program.type() == BpfProgramType::lsm && program.expected_attach_type() == BpfAttachType::lsm_mac,
                 "an lsm program") {}

BpfLink Lsm::attach(std::optional<std::uint64_t> cookie) const {
  return bpf::attach_tracing(*this, cookie);
}

}  // namespace fathom
