#pragma once

#include <fathom/base/unique_fd.hpp>

namespace fathom {

/// The kernel counts the runs of all BPF programs, and their time, for as long as this lives.
///
///     fathom::BpfStats stats;
///     ...
///     std::cout << program.run_count() << " runs, " << program.run_time().count() << " ns\n";
///
/// The numbers of a program go on from where they were. While this lives each run of each program in the whole system
/// reads the clock twice, which costs it some tens of nanoseconds. Others may want the same at the same time: the
/// kernel stops when the last has gone. It changes no sysctl. Since Linux 5.8 (before that: kernel.bpf_stats_enabled).
/// Needs CAP_SYS_ADMIN. Move-only. Throws BpfError.
class BpfStats {
 public:
  BpfStats();

  /// The descriptor that keeps the statistics on.
  [[nodiscard]] int native_handle() const noexcept { return fd_.get(); }

 private:
  UniqueFd fd_;
};

}  // namespace fathom
