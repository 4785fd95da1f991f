#pragma once

#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_program.hpp>
#include <fathom/bpf/network_device.hpp>
#include <fathom/bpf/tc_direction.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fathom {

/// Where among the filters of a device a program is put.
struct TcOptions {
  /// Filters of a smaller number run first. 0: the kernel takes one before all that are there (49152 for the first).
  std::uint16_t priority = 0;
  /// The filter's number within its priority. 0: the kernel takes a free one.
  std::uint32_t handle = 0;
};

/// A filter of a device, of whatever kind.
struct TcFilter {
  std::string kind;                         ///< "bpf", or that of others: "flower", "matchall"
  std::uint16_t priority{};                 ///< filters of a smaller number run first
  std::uint32_t handle{};                   ///< its number within its priority
  std::optional<std::uint32_t> program_id;  ///< of kind bpf, with an eBPF program
  std::string name;                         ///< of kind bpf, what it was called when it was attached

  friend bool operator==(const TcFilter&, const TcFilter&) = default;
};

/// A program of `SEC("tc")` or `SEC("classifier")`, attached as tc does, as a filter of a device's clsact: it sees the
/// packets of one direction as `struct __sk_buff`. For kernels before 6.6; newer ones have Tcx, which is better in all
/// respects.
///
///     auto count = bpf.program<fathom::TcClassifier>("count");
///     fathom::BpfLink link = count.attach(fathom::NetworkDevice("eth0"), fathom::TcDirection::egress);
///
/// What it returns decides (direct action): `TC_ACT_UNSPEC` (-1) leaves it to the next filter, `TC_ACT_OK` lets the
/// packet pass and `TC_ACT_SHOT` drops it, past all filters behind. Several programs go beside each other by priority;
/// within one, the latest runs first.
///
/// The kernel has no links for it. So nothing can be pinned, updated or asked; and what was attached stays if the
/// process is killed. BpfLink takes the filter away, in the network namespace that it was attached in, whatever the
/// thread is in by then, and does nothing if the filter is gone or has become another's. The clsact queueing discipline
/// is made if it is not there, and removed with the last BpfLink of this process if this process made it and nobody has
/// a filter there. BpfLink::detach() tells what fails.
///
/// Linux 4.5. Needs CAP_NET_ADMIN in the device's network namespace, and CAP_BPF to load. Over rtnetlink, by a socket
/// that an attachment holds. Throws BpfError: bad_attach_target where the place is taken (with the name of the program
/// that is there) or the device is gone; unsupported for a kernel without CONFIG_NET_SCH_INGRESS or CONFIG_NET_CLS_BPF.
/// Programs of `SEC("action")` are of another type, sched_act, and no class attaches them: load and pin one for tc's
/// `action bpf object-pinned FILE`.
/// The program's source includes `<network.bpf.h>`, which has `struct __sk_buff`.
class TcClassifier : public BpfProgram {
 public:
  /// Throws BpfError (bad_object) if it is of another type; those of `SEC("tcx/ingress")` and so on fit as well.
  explicit TcClassifier(const BpfProgram& program);

  /// Attaches it to this device.
  [[nodiscard]] BpfLink attach(const NetworkDevice& device, TcDirection direction, const TcOptions& options = {}) const;

  /// The filters of a device, attached by whomever, in the order in which they run; none without a clsact. Needs no
  /// rights.
  [[nodiscard]] static std::vector<TcFilter> attached(const NetworkDevice& device, TcDirection direction);
};

}  // namespace fathom
