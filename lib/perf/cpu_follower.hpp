#pragma once

#include <fathom/base/cpu_set.hpp>
#include <fathom/base/time.hpp>
#include <fathom/perf/perf_cpu_change.hpp>
#include <fathom/perf/perf_scope.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace fathom::perf {

/// How often a drain looks which CPUs are online.
inline constexpr Duration kLookEvery = std::chrono::seconds(1);

/// Keeps what is open on CPUs in step with those that are online.
class CpuFollower {
 public:
  /// `sys` is where the online CPUs are looked up.
  CpuFollower(const PerfScope& scope, std::string sys);

  /// Whether the scope's CPUs are followed; not those on which threads are watched.
  [[nodiscard]] bool follows() const noexcept { return follows_; }

  /// What is open, and what to do about it.
  struct Watched {
    CpuSet cpus;                            ///< on these
    std::function<bool(unsigned)> listens;  ///< whether what is open on a CPU that is online is on it still
    std::function<void(unsigned)> leave;    ///< closes it
    std::function<void(unsigned)> join;     ///< opens it, and has it go on with the others; throws Error
  };
  /// Leaves the CPUs that went, even if they came back, and joins those that came. Tells what it did.
  [[nodiscard]] std::vector<PerfCpuChange> follow(const Watched& watched);

 private:
  // Whether `join` could; tells of it, or why not.
  void join(const Watched& watched, unsigned cpu, std::vector<PerfCpuChange>& changes);

  PerfScope scope_;
  std::string sys_;
  bool follows_;
  CpuSet unwatched_;  // told of already
};

}  // namespace fathom::perf
