#pragma once

#include "address_spaces.hpp"
#include "process_record.hpp"

#include <fathom/base/time.hpp>
#include <fathom/perf/perf_sampler.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <unordered_set>
#include <vector>

namespace fathom::profile {

/// How to listen.
struct TrackerOptions {
  std::size_t ring_pages = 64;  ///< of each CPU; a power of two
  std::string proc = "/proc";
  std::string sys = "/sys";
};

/// What lies where in the processes of this machine, at a time that is moved on by hand: so that the addresses of a
/// process are looked up in what it was then, also if it has ended or is another program now. Holds what happened since
/// that time, and the mappings of the processes that there were at it: to be moved on now and then.
class ProcessTracker {
 public:
  /// Listens from now on. Throws Error.
  explicit ProcessTracker(TrackerOptions options);

  /// Takes in how things are now, of a process that is there, build ids included: throws Error if it is not, or must
  /// not be looked at.
  void load(std::uint32_t pid);
  /// The same of all processes, but for the build ids, which are read when a file is met first. Processes that go
  /// meanwhile are passed over.
  void load_all();

  /// Readable when the rings fill up.
  [[nodiscard]] int native_handle() const noexcept { return sampler_.native_handle(); }
  /// Empties the rings. Once a second it looks for CPUs that came up, and listens to them too.
  void drain();
  /// To how things were at `time`: not behind the last drain(), and never back.
  void advance(Timestamp time);

  [[nodiscard]] std::uint64_t generation(std::uint32_t pid) const { return spaces_.generation(pid); }
  /// What is mapped there, with its build id if that can be known. A process that nothing was heard of is looked up in
  /// /proc, once, unless it is known to have become another program since.
  [[nodiscard]] const CodeMapping* find(std::uint32_t pid, std::uint64_t address);
  /// Records of what happened since the time that it stands at.
  [[nodiscard]] std::size_t pending() const noexcept { return pending_.size(); }
  /// Records that found no room so far.
  [[nodiscard]] std::uint64_t lost() const noexcept { return lost_; }
  [[nodiscard]] const std::string& proc() const noexcept { return options_.proc; }

 private:
  void load_maps(std::uint32_t pid);
  void look_up(std::uint32_t pid);

  TrackerOptions options_;
  PerfSampler sampler_;
  std::uint64_t lost_ = 0;
  std::deque<ProcessRecord> pending_;  // by time
  AddressSpaces spaces_;
  std::unordered_set<std::uint32_t> looked_up_;
};

}  // namespace fathom::profile
