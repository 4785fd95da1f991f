#include "kernel_constants.hpp"

#include <fathom/bpf/bpf_attach_order.hpp>

namespace fathom {

BpfAttachOrder BpfAttachOrder::first() noexcept {
  return {bpf::kBefore, 0};
}

BpfAttachOrder BpfAttachOrder::last() noexcept {
  return {bpf::kAfter, 0};
}

BpfAttachOrder BpfAttachOrder::before(const BpfLink& link) noexcept {
  return {bpf::kBefore | bpf::kBesideLink, link.native_handle()};
}

BpfAttachOrder BpfAttachOrder::after(const BpfLink& link) noexcept {
  return {bpf::kAfter | bpf::kBesideLink, link.native_handle()};
}

BpfAttachOrder BpfAttachOrder::before(const BpfProgram& program) noexcept {
  return {bpf::kBefore, program.native_handle()};
}

BpfAttachOrder BpfAttachOrder::after(const BpfProgram& program) noexcept {
  return {bpf::kAfter, program.native_handle()};
}

}  // namespace fathom
