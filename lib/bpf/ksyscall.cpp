#include "kprobe_attach.hpp"
#include "program_section.hpp"

#include <fathom/bpf/ksyscall.hpp>

#include <string_view>

namespace fathom {

Ksyscall::Ksyscall(const BpfProgram& program)
    : BpfProgram(program, bpf::is_kprobe_of(program, {"ksyscall"}, BpfAttachType{}), "a ksyscall program") {}

BpfLink Ksyscall::attach(const KprobeOptions& options) const {
  return attach(attach_target(), options);
}

BpfLink Ksyscall::attach(std::string_view syscall, const KprobeOptions& options) const {
  return bpf::attach_ksyscall(*this, syscall, false, options);
}

Kretsyscall::Kretsyscall(const BpfProgram& program)
    : BpfProgram(program, bpf::is_kprobe_of(program, {"kretsyscall"}, BpfAttachType{}), "a kretsyscall program") {}

BpfLink Kretsyscall::attach(const KprobeOptions& options) const {
  return attach(attach_target(), options);
}

BpfLink Kretsyscall::attach(std::string_view syscall, const KprobeOptions& options) const {
  return bpf::attach_ksyscall(*this, syscall, true, options);
}

}  // namespace fathom
