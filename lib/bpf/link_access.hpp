#pragma once

#include <fathom/base/unique_fd.hpp>
#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_map.hpp>
#include <fathom/bpf/bpf_program.hpp>

#include <bpf/libbpf.h>

#include <functional>

namespace fathom {

/// How the attach functions of lib/bpf make a BpfLink, from each of the two things that an attachment can be.
/// `program` is kept alive with its object.
struct LinkAccess {
  /// The descriptor of a link in the kernel: BPF_LINK_CREATE, BPF_RAW_TRACEPOINT_OPEN. The better of the two, since
  /// closing it is all that is to be done.
  [[nodiscard]] static BpfLink from_fd(UniqueFd fd, const BpfProgram& program);
  /// The same of a struct_ops table, which is a map.
  [[nodiscard]] static BpfLink from_fd(UniqueFd fd, const BpfMap& map);
  /// An attachment without a link: `detach` takes it away, throws BpfError if it can't, and is called once more by the
  /// destructor if it threw. In a forked child the destructor does not call it: what it captured must do no more than
  /// close and free there.
  [[nodiscard]] static BpfLink from_detacher(std::function<void()> detach, const BpfProgram& program);
  /// An attachment that libbpf keeps, and takes away.
  [[nodiscard]] static BpfLink from_libbpf(bpf_link* link, const BpfProgram& program);
  /// The same of a map that is attached, a struct_ops table.
  [[nodiscard]] static BpfLink from_libbpf(bpf_link* link, const BpfMap& map);
};

}  // namespace fathom
