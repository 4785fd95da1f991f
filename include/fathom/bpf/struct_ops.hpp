#pragma once

#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_map.hpp>

namespace fathom {

/// A table of functions for the kernel, in `SEC(".struct_ops")` or `SEC(".struct_ops.link")`, whose functions are BPF
/// programs: a TCP congestion control, say.
///
///     auto link = bpf.map<fathom::StructOps>("my_cubic").attach();          // struct tcp_congestion_ops my_cubic
///     link.update(bpf.map<fathom::StructOps>("my_other_cubic"));            // of .struct_ops.link, with the same name
///
/// As long as the link lives, the kernel uses the table, and so long as somebody uses it after that. Of `.struct_ops`
/// it is an element of a map and no link to the kernel: it cannot be pinned or updated. An object has the one section
/// or the other; MapSpec::flags with BPF_F_LINK makes links of the tables of the first too. Since Linux 5.6, links
/// since 6.4. Needs CAP_BPF and CAP_NET_ADMIN, or
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
