#pragma once

#include "funcgraph_options.hpp"
#include "funcgraph_read.hpp"

#include <fathom/process/stop_signals.hpp>

namespace funcgraph {

/// Records as the options say, until what is traced has ended, the duration is over or a stop signal came. When it
/// returns, the kernel's settings are as before and the command has ended. Gives the exit status: the command's, or 0.
int record(const Options& options, fathom::StopSignals& stop, Trace& trace);

}  // namespace funcgraph
