#pragma once

#include "perf_mapping.hpp"
#include "process_record.hpp"

#include <fathom/base/cpu_set.hpp>
#include <fathom/base/parse_stats.hpp>
#include <fathom/base/unique_fd.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace fathom::perf {

/// How to listen.
struct ProcessRecordsOptions {
  std::size_t ring_pages = 64;
  std::string proc = "/proc";
  std::string sys = "/sys";
};

/// What all processes map, and when they are made and become other programs: a software event on each CPU that counts
/// nothing (PERF_COUNT_SW_DUMMY). Build ids come with the mappings where the kernel has them (Linux 5.12, commit
/// 88a16a1309333e43d328621ece3e9fa37027e8eb). Times are on CLOCK_MONOTONIC.
class ProcessRecords {
 public:
  /// Throws Error (EACCES, EPERM: rights, or memory that may be locked; EMFILE).
  explicit ProcessRecords(ProcessRecordsOptions options);

  /// Readable when the rings are half full: an epoll descriptor, owned here.
  [[nodiscard]] int native_handle() const noexcept { return epoll_.get(); }
  /// Appends what came since the last call, by time. Joins CPUs that came up.
  void drain(std::vector<ProcessRecord>& to);
  /// Records that found no room so far. What a CPU that came up did before drain() joined it is one.
  [[nodiscard]] std::uint64_t lost() const noexcept { return lost_; }
  /// What was made of the rings' bytes.
  [[nodiscard]] const ParseStats& stats() const noexcept { return stats_; }

 private:
  struct Cpu {
    unsigned number;
    UniqueFd fd;
    PerfMapping mapping;
    PerfRing ring;
  };

  void join(unsigned cpu);
  void follow(const CpuSet& online);

  ProcessRecordsOptions options_;
  UniqueFd epoll_;
  std::vector<Cpu> cpus_;
  bool build_ids_ = true;
  std::uint64_t lost_ = 0;
  ParseStats stats_;
};

}  // namespace fathom::perf
