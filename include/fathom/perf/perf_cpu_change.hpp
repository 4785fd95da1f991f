#pragma once

#include <cstdint>

namespace fathom {

/// A CPU that went down or came up while it was watched.
///
///     for (const PerfCpuChange& change : counters.follow_cpus())
///       if (change.what == PerfCpuChange::What::cpu_came) std::cout << "CPU " << change.cpu << " is counted, too\n";
///
/// A plain value. What a CPU does between coming up and being joined is seen by nobody.
struct PerfCpuChange {
  /// What happened.
  enum class What : std::uint8_t {
    cpu_went,       ///< it went down: nothing more comes from there, what it had told or counted stays
    cpu_came,       ///< it came up, and is watched from now on
    cpu_unwatched,  ///< it came up, and its events cannot be opened; tried again, and told once
  };

  What what{};       ///< what happened
  unsigned cpu = 0;  ///< to which CPU

  /// Equal in all fields.
  friend bool operator==(const PerfCpuChange&, const PerfCpuChange&) = default;
};

}  // namespace fathom
