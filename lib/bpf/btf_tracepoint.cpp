#include "link_access.hpp"
#include "raw_tracepoint_open.hpp"

#include <fathom/bpf/btf_tracepoint.hpp>

namespace fathom {

BtfTracepoint::BtfTracepoint(const BpfProgram& program)
    : BpfProgram(
          program,
          program.type() == BpfProgramType::tracing && program.expected_attach_type() == BpfAttachType::trace_raw_tp,
          "a BTF tracepoint program") {}

BpfLink BtfTracepoint::attach(std::optional<std::uint64_t> cookie) const {
  return LinkAccess::from_fd(bpf::open_raw_tracepoint({.cookie = cookie.value_or(0)}, *this), *this);
}

}  // namespace fathom
