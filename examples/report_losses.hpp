#pragma once

#include <fathom/tracedat/trace_dat_reader.hpp>

#include <cstdint>
#include <string>

namespace report {

/// How many events are missing in a file because the kernel lost them.
struct Losses {
  std::uint64_t events = 0;
  bool more = false;  // than that: not all losses have a number

  bool any() const { return events != 0 || more; }
  /// "12", "at least 12"
  std::string text() const;
};

/// What the kernel counted, where the file says it (trace-cmd's and `record`'s do); the pages' own marks tell of what
/// was overwritten only, and of that not always how much. `marked` is the sum of these, `unnumbered` whether one has no
/// number.
Losses losses_of(const fathom::TraceDatReader& file, std::uint64_t marked, bool unnumbered);

}  // namespace report
