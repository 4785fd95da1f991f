#pragma once

#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_program.hpp>
#include <fathom/bpf/device_programs.hpp>
#include <fathom/bpf/network_device.hpp>

#include <cstdint>
#include <string_view>

namespace fathom {

/// The two devices of a netkit pair.
enum class NetkitEnd : std::uint8_t {
  primary,  ///< the one that manages the pair, as a rule in the host
  peer      ///< the other, as a rule in a container
};

/// The enumerator's own name: "peer".
[[nodiscard]] std::string_view to_string(NetkitEnd end) noexcept;

/// A program of `SEC("netkit/primary")` or `SEC("netkit/peer")`: sees the packets that one device of a netkit pair
/// sends, as `struct __sk_buff`, before they reach the other.
///
///     auto guard = bpf.program<fathom::Netkit>("guard");                       // SEC("netkit/peer")
///     fathom::BpfLink link = guard.attach(fathom::NetworkDevice("nk0"));       // nk0 is the primary device
///
/// Both kinds are attached through the primary device, so that nobody in the peer's network namespace can take them
/// away. What a program returns is as of Tcx: `NETKIT_NEXT` (-1), `NETKIT_PASS` (0), `NETKIT_DROP` (2); behind the last
/// stands the pair's own policy, which lets packets pass unless it was made otherwise. 64 programs a device, each once.
///
/// The link lives on without effect when the pair goes: its info().ifindex is 0 then. Linux 6.7 with CONFIG_NETKIT.
/// Needs CAP_NET_ADMIN in the primary device's network namespace, and CAP_BPF to load. Throws BpfError: unsupported for
/// a kernel without netkit, bad_attach_target for a device that is no netkit, or not the primary one.
/// The program's source includes `<network.bpf.h>`, which has `struct __sk_buff`.
class Netkit : public BpfProgram {
 public:
  /// Throws BpfError (bad_object) if it is of another type; those of `SEC("tc")` fit as well.
  explicit Netkit(const BpfProgram& program);

  /// Attaches it to the end that its section names, of the pair whose primary device this is.
  [[nodiscard]] BpfLink attach(const NetworkDevice& primary, const DeviceLinkOptions& options = {}) const;
  /// Attaches it to this end, whatever the section says.
  [[nodiscard]] BpfLink attach(const NetworkDevice& primary, NetkitEnd end,
                               const DeviceLinkOptions& options = {}) const;

  /// What is there, attached by whomever. Needs CAP_NET_ADMIN or CAP_SYS_ADMIN.
  [[nodiscard]] static DevicePrograms attached(const NetworkDevice& primary, NetkitEnd end);
};

}  // namespace fathom
