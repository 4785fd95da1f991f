#pragma once

#include <fathom/output/trace_text_options.hpp>

#include <string>

namespace fathom::output {

/// Adds the lines above the default ones that say which column is what.
void append_legend(std::string& out, const TraceTextOptions& options, const TraceTextDialect& dialect);

}  // namespace fathom::output
