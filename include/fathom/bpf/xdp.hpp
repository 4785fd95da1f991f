#pragma once

#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_program.hpp>
#include <fathom/bpf/network_device.hpp>

#include <cstdint>
#include <string_view>
#include <vector>

namespace fathom {

/// Where on a packet's way an XDP program runs.
enum class XdpMode : std::uint8_t {
  any,      ///< native where the driver can, else generic
  native,   ///< in the driver, before the packet has a socket buffer: fast; not every driver can
  generic,  ///< in the network stack (`skb` mode): slower, on every device
  /// On the device itself, by a program that was loaded for this device. BpfObject::load() loads none for a device, so
  /// that of another loader is meant, by pin or id; of any other it is BpfError (unsupported).
  offload
};

/// The enumerator's own name: "native".
[[nodiscard]] std::string_view to_string(XdpMode mode) noexcept;

/// An XDP program that is on a device.
struct XdpAttachment {
  XdpMode mode{};              ///< never `any`
  std::uint32_t program_id{};  ///< its number, for BpfProgram::from_id()

  friend bool operator==(const XdpAttachment&, const XdpAttachment&) = default;
};

/// A program of `SEC("xdp")` or `SEC("xdp.frags")`: sees each packet that a device receives, first of all, and lets it
/// pass, changes, drops, sends back or redirects it.
///
///     auto filter = bpf.program<fathom::Xdp>("filter");
///     fathom::BpfLink link = filter.attach(fathom::NetworkDevice("eth0"), fathom::XdpMode::native);
///     link.update(bpf.program("other_filter"));                  // with no gap
///
/// A device takes one program: native and generic exclude each other, and only offload goes beside one of them. What is
/// to be done by several programs is for one that calls the others (ProgramArray, or functions replaced by Freplace);
/// attaching a second one is a BpfError (bad_attach_target, EBUSY or EEXIST) that names the one that is there. Without
/// `.frags` a program is refused (ERANGE or EINVAL, as the driver likes) where packets may be larger than a page.
/// Programs of `SEC("xdp/devmap")` and `SEC("xdp/cpumap")` are not attached but set in a map: DevMap::set(),
/// CpuMap::set().
///
/// The link lives on without effect when the device goes: its info().ifindex is 0 then. Links since Linux 5.9, frags
/// 5.18. Needs CAP_NET_ADMIN in the device's network namespace, and CAP_BPF to load. Throws BpfError: unsupported where
/// the driver has no such mode.
/// The program's source includes `<network.bpf.h>`, which has `struct xdp_md`.
class Xdp : public BpfProgram {
 public:
  /// Throws BpfError (bad_object) if it is of another kind.
  explicit Xdp(const BpfProgram& program);

  /// Attaches it to this device.
  [[nodiscard]] BpfLink attach(const NetworkDevice& device, XdpMode mode = XdpMode::any) const;

  /// What is on a device now, attached by whomever. Over rtnetlink; needs no rights.
  [[nodiscard]] static std::vector<XdpAttachment> attached(const NetworkDevice& device);
};

}  // namespace fathom
