#pragma once

#include <fathom/base/unique_fd.hpp>
#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_map.hpp>
#include <fathom/bpf/bpf_program.hpp>
#include <fathom/bpf/task_scope.hpp>

#include <cstdint>
#include <string>
#include <variant>

namespace fathom {

/// An iterator over one thread, `iter/task*`. Since Linux 6.1.
struct Thread {
  int tid = 0;  ///< its thread id, above 0; of this thread: gettid()
};

/// Which of the cgroups around one `iter/cgroup` goes through, in the kernel's words and numbers. Since Linux 6.1.
enum class CgroupOrder : std::uint8_t {
  self_only = 1,         ///< that one alone
  descendants_pre = 2,   ///< parents first
  descendants_post = 3,  ///< children first
  ancestors_up = 4       ///< it and those above it, up to the root
};

/// An iterator over cgroups.
struct CgroupWalk {
  std::string path;                                  ///< the cgroup's folder, "/sys/fs/cgroup/a"
  CgroupOrder order = CgroupOrder::descendants_pre;  ///< which cgroups, seen from that one
};

/// What a BPF iterator goes through, besides what its section says: all there is, one process's or thread's, the
/// elements of a map, or cgroups.
using BpfIterScope = std::variant<AnyTask, OneProcess, Thread, BpfMap, CgroupWalk>;

/// A program of `SEC("iter/WHAT")`: is called with each task, map, file, socket, ... and writes what a reader gets.
///
///     auto list = bpf.program<fathom::BpfIter>("list");                     // SEC("iter/task")
///     fathom::BpfLink link = list.attach();
///     std::string text = list.read(link);                                   // as often as wanted
///     auto elements = dump.attach(bpf.map("counts"));                       // SEC("iter/bpf_map_elem")
///
/// What it iterates over is chosen before load(), by the section or ProgramSpec::attach_target. A pinned link can be
/// read as a file. Since Linux 5.8. Needs CAP_PERFMON or CAP_SYS_ADMIN. Throws BpfError: bad_attach_target for a map
/// whose type does not fit, a process or a cgroup that is not there.
class BpfIter : public BpfProgram {
 public:
  /// Throws BpfError (bad_object) if it is of another kind.
  explicit BpfIter(const BpfProgram& program);

  /// Attaches it, which runs nothing yet.
  [[nodiscard]] BpfLink attach(const BpfIterScope& scope = AnyTask{}) const;
  /// A file descriptor whose read(2) runs the program, for one pass.
  [[nodiscard]] UniqueFd open(const BpfLink& link) const;
  /// One pass: all that the program writes.
  [[nodiscard]] std::string read(const BpfLink& link) const;
};

}  // namespace fathom
