#pragma once

#include "cpuidle_options.hpp"

#include <fathom/profile/cpu_idle_states.hpp>
#include <fathom/profile/live_idle.hpp>

#include <ostream>

namespace cpuidle_example {

/// Writes what CPUs did: a line of text each, below a heading, or a JSON object a line.
class Printer {
 public:
  Printer(std::ostream& out, const Options& options);
  void print(const fathom::LiveCpuIdle& cpu);

 private:
  void print_text(const fathom::LiveCpuIdle& cpu);
  void print_json(const fathom::LiveCpuIdle& cpu);

  std::ostream& out_;
  Options options_;
  fathom::CpuIdleStates states_ = fathom::CpuIdleStates::read(0);
};

}  // namespace cpuidle_example
