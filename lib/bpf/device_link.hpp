#pragma once

#include <fathom/bpf/bpf_features.hpp>
#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/device_programs.hpp>
#include <fathom/bpf/network_device.hpp>

#include <string>

namespace fathom::bpf {

/// One of the ordered lists of programs that a network device has: tcx's and netkit's.
struct DevicePlace {
  BpfAttachType attach_type;
  BpfAttachKind kind;  ///< whose probe tells whether the kernel has it
  std::string target;  ///< "the ingress of the network device eth0"
  const char* since;   ///< "tcx came with Linux 6.6"
};

/// Attaches a program by a link. Throws BpfError.
[[nodiscard]] BpfLink attach_to_device(const BpfProgram& program, const NetworkDevice& device, const DevicePlace& place,
                                       const DeviceLinkOptions& options);

/// What is there. Throws BpfError.
[[nodiscard]] DevicePrograms query_device(const NetworkDevice& device, const DevicePlace& place);

}  // namespace fathom::bpf
