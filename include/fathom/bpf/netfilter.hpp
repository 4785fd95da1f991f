#pragma once

#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_program.hpp>

#include <cstdint>

namespace fathom {

/// Packets of which protocol: NFPROTO_* of the kernel.
enum class NetfilterFamily : std::uint8_t {
  ipv4 = 2,  ///< NFPROTO_IPV4
  ipv6 = 10  ///< NFPROTO_IPV6
};

/// Where on a packet's way: NF_INET_* of the kernel.
enum class NetfilterHook : std::uint8_t {
  pre_routing,  ///< came in, before the route is looked for
  local_in,     ///< is for this machine
  forward,      ///< is for another one
  local_out,    ///< made by this machine
  post_routing  ///< on its way out
};

/// How a program is attached to a hook.
struct NetfilterOptions {
  NetfilterFamily family = NetfilterFamily::ipv4;  ///< packets of which protocol
  NetfilterHook hook = NetfilterHook::local_in;    ///< where on their way
  /// Its place among those of the hook: lower ones come first. 0 is that of the filter table; connection tracking has
  /// -200. Neither the lowest nor the highest number there is.
  std::int32_t priority = 0;
  /// Whether fragments are put together before: then the priority must be above -400. Since Linux 6.6.
  bool defragment = false;
};

/// A program of `SEC("netfilter")`: sees each packet at one of netfilter's hooks, where iptables and nftables sit too,
/// and returns NF_ACCEPT or NF_DROP.
///
///     auto guard = bpf.program<fathom::Netfilter>("guard");
///     fathom::BpfLink link = guard.attach({.hook = fathom::NetfilterHook::local_in, .priority = -10});
///     link.info().hook_number;
///
/// Attached in the calling thread's network namespace. A hook has one program at a priority. The link cannot be given
/// another program. Since Linux 6.4 with CONFIG_NETFILTER_BPF_LINK. Needs CAP_NET_ADMIN with CAP_BPF, or CAP_SYS_ADMIN.
/// Throws BpfError: bad_attach_target for a hook whose priority is taken and for a priority that cannot be.
/// The program's source includes `<kernel_types.bpf.h>` and declares what it reads of `struct bpf_nf_ctx`, a type
/// of the kernel's own.
class Netfilter : public BpfProgram {
 public:
  /// Throws BpfError (bad_object) if it is of another type.
  explicit Netfilter(const BpfProgram& program);

  /// Attaches to a hook.
  [[nodiscard]] BpfLink attach(const NetfilterOptions& options = {}) const;
};

}  // namespace fathom
