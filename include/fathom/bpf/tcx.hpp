#pragma once

#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_program.hpp>
#include <fathom/bpf/device_programs.hpp>
#include <fathom/bpf/network_device.hpp>
#include <fathom/bpf/tc_direction.hpp>

namespace fathom {

/// A program of `SEC("tcx/ingress")` or `SEC("tcx/egress")`: sees the packets of one direction of a device as
/// `struct __sk_buff`, before the filters of tc do.
///
///     auto count = bpf.program<fathom::Tcx>("count");                  // SEC("tcx/ingress")
///     fathom::BpfLink link = count.attach(fathom::NetworkDevice("eth0"));
///     auto first = other.attach(device, {.order = fathom::BpfAttachOrder::before(link)});
///     fathom::Tcx::attached(device, fathom::TcDirection::ingress).programs;       // other, count
///
/// What it returns decides: `TCX_NEXT` (-1) leaves it to the next program, and behind the last to tc's filters;
/// `TCX_PASS` (0) lets the packet pass and `TCX_DROP` (2) drops it, past all that are behind. A device takes 64
/// programs a direction, and each once.
///
/// The link lives on without effect when the device goes: its info().ifindex is 0 then. Linux 6.6 (older:
/// TcClassifier). Needs CAP_NET_ADMIN in the device's network namespace, and CAP_BPF to load. Throws BpfError:
/// unsupported for a kernel without tcx, bad_attach_target where the program is there already (EEXIST), or what it was
/// to be placed beside is not (ENOENT).
/// The program's source includes `<network.bpf.h>`, which has `struct __sk_buff`.
class Tcx : public BpfProgram {
 public:
  /// Throws BpfError (bad_object) if it is of another type; those of `SEC("tc")` fit as well.
  explicit Tcx(const BpfProgram& program);

  /// Attaches it in the direction that its section names.
  [[nodiscard]] BpfLink attach(const NetworkDevice& device, const DeviceLinkOptions& options = {}) const;
  /// Attaches it in this direction, whatever the section says.
  [[nodiscard]] BpfLink attach(const NetworkDevice& device, TcDirection direction,
                               const DeviceLinkOptions& options = {}) const;

  /// What is there, attached by whomever. Needs CAP_NET_ADMIN or CAP_SYS_ADMIN.
  [[nodiscard]] static DevicePrograms attached(const NetworkDevice& device, TcDirection direction);
};

}  // namespace fathom
