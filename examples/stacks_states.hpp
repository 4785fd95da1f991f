#pragma once

#include <fathom/profile/profile.hpp>
#include <fathom/sched/task_state_decoder.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace stacks {

/// What the states in which tasks left their CPUs are called on this kernel.
class States {
 public:
  States();

  /// The letter as sched_switch prints it, and /proc's word: `S (sleeping)`, `R+ (preempted)`.
  [[nodiscard]] std::string label(const fathom::OffCpuState& state) const;
  /// The kernel's names of the bits: `TASK_INTERRUPTIBLE|TASK_FREEZABLE`.
  [[nodiscard]] std::string bits(const fathom::OffCpuState& state) const;

 private:
  fathom::TaskStateDecoder decoder_;
};

/// All times off CPU in one state.
struct StateWeight {
  std::string label;
  std::string bits;
  std::uint64_t count = 0;
  fathom::Duration time{0};
  fathom::Duration waiting{0};
};
/// Those of a profile off CPU, longest first; none of one on CPU.
std::vector<StateWeight> weights_by_state(const fathom::Profile& profile, const States& states);

}  // namespace stacks
