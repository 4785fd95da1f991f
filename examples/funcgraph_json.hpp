#pragma once

#include "funcgraph_options.hpp"
#include "funcgraph_read.hpp"
#include "funcgraph_symbols.hpp"

#include <ostream>

namespace funcgraph {

/// Writes one JSON object with what the options ask for: `functions`, `switches` and `switch_summary`, `trees`; and
/// always `calls`, `incomplete`, `input`, `lost`. Times are whole nanoseconds.
void write_json(std::ostream& out, const Options& options, const Trace& trace, const Symbols& symbols);

}  // namespace funcgraph
