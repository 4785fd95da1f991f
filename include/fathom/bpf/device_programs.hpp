#pragma once

#include <fathom/bpf/bpf_attach_order.hpp>

#include <cstdint>
#include <optional>
#include <vector>

namespace fathom {

/// How a program is attached beside others to a network device, by Tcx or Netkit.
struct DeviceLinkOptions {
  /// Where among the programs of this place it runs.
  BpfAttachOrder order{};
  /// Attach only if DevicePrograms::revision is still this, else throw (ESTALE).
  std::optional<std::uint64_t> expected_revision{};
};

/// A program that is on a network device by tcx or netkit.
struct DeviceAttachment {
  std::uint32_t program_id{};            ///< for BpfProgram::from_id()
  std::optional<std::uint32_t> link_id;  ///< for BpfLink::from_id(); empty of one that is attached without a link

  friend bool operator==(const DeviceAttachment&, const DeviceAttachment&) = default;
};

/// What is at one place of a network device.
struct DevicePrograms {
  std::uint64_t revision{};                ///< how often they have changed, from 1
  std::vector<DeviceAttachment> programs;  ///< in the order in which they run
};

}  // namespace fathom
