#include "tracing_link.hpp"

#include <fathom/bpf/fentry.hpp>

namespace fathom {

namespace {

bool is_tracing(const BpfProgram& program, BpfAttachType attach_type) {
  return program.type() == BpfProgramType::tracing && program.expected_attach_type() == attach_type;
}

}  // namespace

Fentry::Fentry(const BpfProgram& program)
    : BpfProgram(program, is_tracing(program, BpfAttachType::trace_fentry), "an fentry program") {}

BpfLink Fentry::attach(std::optional<std::uint64_t> cookie) const {
  return bpf::attach_tracing(*this, cookie);
}

Fexit::Fexit(const BpfProgram& program)
    : BpfProgram(program, is_tracing(program, BpfAttachType::trace_fexit), "an fexit program") {}

BpfLink Fexit::attach(std::optional<std::uint64_t> cookie) const {
  return bpf::attach_tracing(*this, cookie);
}

Fsession::Fsession(const BpfProgram& program)
    : BpfProgram(program, is_tracing(program, BpfAttachType::trace_fsession), "an fsession program") {}

BpfLink Fsession::attach(std::optional<std::uint64_t> cookie) const {
  return bpf::attach_tracing(*this, cookie);
}

FmodRet::FmodRet(const BpfProgram& program)
    : BpfProgram(program, is_tracing(program, BpfAttachType::modify_return), "an fmod_ret program") {}

BpfLink FmodRet::attach(std::optional<std::uint64_t> cookie) const {
  return bpf::attach_tracing(*this, cookie);
}

}  // namespace fathom
