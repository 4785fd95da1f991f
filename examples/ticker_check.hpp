#pragma once

#include "ticker_options.hpp"

#include <fathom/process/stop_signals.hpp>

namespace ticker_example {

/// Ticks for a while with a program, and again without, and holds the timer's account against its own. The exit status:
/// 0 if they agree, each slot has at most one tick, and most have one.
int check(const Options& options, fathom::StopSignals& stop);

}  // namespace ticker_example
