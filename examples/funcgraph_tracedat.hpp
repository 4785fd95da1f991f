#pragma once

#include "funcgraph_read.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace funcgraph {

/// Whether a file that begins so is a trace.dat.
bool is_trace_dat(std::string_view start);

/// Makes calls of the function_graph events of a trace.dat: of the first of its buffers that has any pages. Throws
/// fathom::Error where there are no such events.
void read_trace_dat(std::span<const std::byte> file, const std::string& path, Trace& trace);

}  // namespace funcgraph
