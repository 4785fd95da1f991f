#include "attach_failure.hpp"
#include "device_link.hpp"

#include <fathom/bpf/tcx.hpp>

#include <string>

namespace fathom {

namespace {

bpf::DevicePlace place_of(const NetworkDevice& device, TcDirection direction) {
  return {.attach_type = direction == TcDirection::ingress ? BpfAttachType::tcx_ingress : BpfAttachType::tcx_egress,
          .kind = BpfAttachKind::tcx,
          .target = "the " + std::string(to_string(direction)) + " of the network device " + device.name(),
          .since = "tcx came with Linux 6.6: older kernels have TcClassifier"};
}

}  // namespace

Tcx::Tcx(const BpfProgram& program)
    : BpfProgram(program, program.type() == BpfProgramType::sched_cls, "a tcx program") {}

BpfLink Tcx::attach(const NetworkDevice& device, const DeviceLinkOptions& options) const {
  switch (expected_attach_type()) {
    case BpfAttachType::tcx_ingress:
      return attach(device, TcDirection::ingress, options);
    case BpfAttachType::tcx_egress:
      return attach(device, TcDirection::egress, options);
    default:
      throw bpf::no_target(*this, "direction");
  }
}

BpfLink Tcx::attach(const NetworkDevice& device, TcDirection direction, const DeviceLinkOptions& options) const {
  return bpf::attach_to_device(*this, device, place_of(device, direction), options);
}

DevicePrograms Tcx::attached(const NetworkDevice& device, TcDirection direction) {
  return bpf::query_device(device, place_of(device, direction));
}

}  // namespace fathom
