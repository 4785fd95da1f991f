#include "kprobe_attach.hpp"
#include "program_section.hpp"

#include <fathom/bpf/kprobe.hpp>

namespace fathom {

Kprobe::Kprobe(const BpfProgram& program)
    : BpfProgram(program, bpf::is_kprobe_of(program, {"kprobe"}, BpfAttachType{}), "a kprobe program") {}

BpfLink Kprobe::attach(const KprobeOptions& options) const {
  return attach(bpf::parse_kernel_symbol(attach_target(), *this), options);
}

BpfLink Kprobe::attach(const KprobeTarget& target, const KprobeOptions& options) const {
  return bpf::attach_kprobe(*this, target, false, options);
}

Kretprobe::Kretprobe(const BpfProgram& program)
    : BpfProgram(program, bpf::is_kprobe_of(program, {"kretprobe"}, BpfAttachType{}), "a kretprobe program") {}

BpfLink Kretprobe::attach(const KprobeOptions& options) const {
  return attach(bpf::parse_kernel_symbol(attach_target(), *this), options);
}

BpfLink Kretprobe::attach(const KprobeTarget& target, const KprobeOptions& options) const {
  return bpf::attach_kprobe(*this, target, true, options);
}

}  // namespace fathom
