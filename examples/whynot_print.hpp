#pragma once

#include <fathom/symbols/traceability.hpp>

#include <ostream>

namespace whynot {

/// A paragraph for people; what the compiler made of the function follows, indented.
void write_text(std::ostream& out, const fathom::FunctionTraceability& answer);
/// An object in a line.
void write_json(std::ostream& out, const fathom::FunctionTraceability& answer);

}  // namespace whynot
