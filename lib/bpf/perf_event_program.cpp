#include "link_access.hpp"
#include "perf_link.hpp"

#include <fathom/bpf/perf_event_program.hpp>

namespace fathom {

PerfEventProgram::PerfEventProgram(const BpfProgram& program)
    : BpfProgram(program, program.type() == BpfProgramType::perf_event, "a perf_event program") {}

BpfLink PerfEventProgram::attach(int perf_event, std::optional<std::uint64_t> cookie) const {
  return LinkAccess::from_fd(bpf::link_to_perf_event(*this, perf_event, cookie, "a perf event"), *this);
}

}  // namespace fathom
