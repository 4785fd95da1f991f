#pragma once

#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_map.hpp>

namespace fathom {

/// A table of functions for the kernel, in `SEC(".struct_ops")`, whose functions are BPF programs: a TCP congestion
/// control, say.
///
///     auto link = bpf.map<fathom::StructOps>("my_cubic").attach();          // struct tcp_congestion_ops my_cubic
///
/// As long as the link lives, the kernel uses the table, and so long as somebody uses it after that. It is an element
/// of a map and no link to the kernel: it cannot be pinned. Since Linux 5.6. Needs CAP_BPF and CAP_NET_ADMIN, or
/// CAP_SYS_ADMIN. Throws BpfError: bad_object for another type of map, bad_attach_target for a table that the kernel
/// refuses (a name that is taken, a function that must be there and is not).
class StructOps : public BpfMap {
 public:
  /// Throws BpfError (bad_object) unless the map is a table of an object that this process loaded.
  explicit StructOps(const BpfMap& map);

  /// Hands the table to the kernel.
  [[nodiscard]] BpfLink attach() const;
};

}  // namespace fathom
