#pragma once

#include <fathom/graph/context_switches.hpp>

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>

namespace fathom {

/// How context switches are written.
struct ContextSwitchesTextOptions {
  /// Switches are outliers that took longer than so many times the median.
  std::uint32_t times_median = 10;
  /// At most so many outliers, and a line that says how many more there are; 0 for all.
  std::size_t top = 0;
  /// With terminal colours (ECMA-48).
  bool color = false;
};

/// What context switches cost: a table of the parts, then the outliers, longest first.
///
///     write_text(std::cout, context_switches(forest, {.idle = false}), {.top = 10});
///
/// What is written:
///
///     # 18 context switches
///     # PART          MIN us      P50 us      P99 us      MAX us      SUM us
///     total          501.221    1011.672  808673.200  808673.200  833010.913
///     ...
///     # took more than 10 times the median of 1011.672 us: 1
///     #   TOTAL us  OFF_CPU us     COST us  TASK => NEXT  FUNCTION
///       808673.200  808610.104      63.096  java-4121 => <idle>-0  schedule
///
/// `total` is `off_cpu` and `cost`, and `cost` is `before` and `after`; see ContextSwitch. Where the trace has no entry
/// times, `off_cpu` is at most and `cost` at least what is written; a line says for how many switches that is so. Times
/// are in microseconds, to the nanosecond.
///
/// Pure; distinct calls may run in distinct threads. What the stream throws passes through.
void write_text(std::ostream& out, const ContextSwitches& switches, const ContextSwitchesTextOptions& options = {});
/// The same, onto a string.
void append_text(std::string& out, const ContextSwitches& switches, const ContextSwitchesTextOptions& options = {});

}  // namespace fathom
