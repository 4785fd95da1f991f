#pragma once

#include "symbolize_options.hpp"

#include <fathom/symbols/elf_symbolizer.hpp>

#include <ostream>

namespace symbolize {

/// One address, as text or as one line of JSON.
void print(std::ostream& out, const fathom::SymbolizedAddress& hit, const Options& options);

}  // namespace symbolize
