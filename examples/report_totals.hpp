#pragma once

#include "report_input.hpp"

#include <ostream>

namespace report {

/// What each function cost, of function_graph's exits: `CALLS NANOSECONDS NAME` a line, the most expensive first. Gives
/// false where the trace has no such events. `stats` says what of the pages was read, and what was lost.
bool write_totals(std::ostream& out, Input& input, bool json, fathom::ParseStats& stats);

}  // namespace report
