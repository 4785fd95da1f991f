#include "kprobe_attach.hpp"
#include "program_section.hpp"

#include <fathom/bpf/kprobe.hpp>

namespace fathom {

KprobeProgram::KprobeProgram(const BpfProgram& program)
    : BpfProgram(program, bpf::is_kprobe_of(program, {"kprobe"}, BpfAttachType{}), "a kprobe program") {}

BpfLink KprobeProgram::attach(const KprobeOptions& options) const {
  return attach(bpf::parse_kernel_symbol(attach_target(), *this), options);
}

BpfLink KprobeProgram::attach(const KprobeTarget& target, const KprobeOptions& options) const {
  return bpf::attach_kprobe(*this, target, false, options);
}

KretprobeProgram::KretprobeProgram(const BpfProgram& program)
    : BpfProgram(program, bpf::is_kprobe_of(program, {"kretprobe"}, BpfAttachType{}), "a kretprobe program") {}

BpfLink KretprobeProgram::attach(const KprobeOptions& options) const {
  return attach(bpf::parse_kernel_symbol(attach_target(), *this), options);
}

BpfLink KretprobeProgram::attach(const KprobeTarget& target, const KprobeOptions& options) const {
  return bpf::attach_kprobe(*this, target, true, options);
}

}  // namespace fathom
