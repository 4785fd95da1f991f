#include "stacks_states.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

namespace stacks {

namespace {

// A kernel with BPF programs at sched_switch has the bits of Linux 4.14, which its release tells.
fathom::TaskStateDecoder of_running_kernel() {
  utsname name{};
  const bool known = ::uname(&name) == 0;
  return fathom::TaskStateDecoder({.release = known ? name.release : ""});
}

}  // namespace

States::States() : decoder_(of_running_kernel()) {}

std::string States::label(const fathom::OffCpuState& state) const {
  if (state.preempted)
    return "R+ (preempted)";
  const fathom::TaskState meant = decoder_.state(state.raw);
  return std::string(1, letter(meant)) + " (" + std::string(to_string(meant)) + ')';
}

std::string States::bits(const fathom::OffCpuState& state) const {
  return decoder_.names(state.raw);
}

std::vector<StateWeight> weights_by_state(const fathom::Profile& profile, const States& states) {
  std::map<std::pair<std::string, std::string>, StateWeight> all;
  for (const fathom::ProfileEntry& entry : profile.entries) {
    if (!entry.state)
      continue;
    std::string label = states.label(*entry.state);
    std::string bits = states.bits(*entry.state);
    StateWeight& sum = all[{label, bits}];
    sum.label = std::move(label);
    sum.bits = std::move(bits);
    sum.count += entry.count;
    sum.time += entry.time;
    sum.waiting += entry.waiting;
  }
  std::vector<StateWeight> out;
  for (auto& [key, sum] : all)
    out.push_back(std::move(sum));
  std::ranges::stable_sort(out, std::ranges::greater{}, &StateWeight::time);
  return out;
}

}  // namespace stacks
